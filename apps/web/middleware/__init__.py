"""ASGI middleware of the live page, one class a module. None of them buffers a stream."""
