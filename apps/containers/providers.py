"""The parts of dependency_injector that the containers use, loaded without web frameworks.

dependency_injector loads FastAPI and Werkzeug where they are installed, to find request handlers. There are none here, and the load takes up to a third
of a second of every start. So this module makes these imports fail while it loads dependency_injector, by a None in sys.modules
(https://docs.python.org/3/reference/import.html#the-module-cache), and the containers take the providers from here.
"""

import sys

_UNUSED = ("fastapi", "starlette", "werkzeug")
_absent = {name: None for name in _UNUSED if name not in sys.modules}
sys.modules.update(_absent)  # type: ignore[arg-type]
from dependency_injector.containers import DeclarativeContainer  # noqa: E402
from dependency_injector.providers import Callable, Container, Dependency, Object, Provider, Selector, Singleton  # noqa: E402

for _name in _absent:
    del sys.modules[_name]

__all__ = ["Callable", "Container", "DeclarativeContainer", "Dependency", "Object", "Provider", "Selector", "Singleton"]
