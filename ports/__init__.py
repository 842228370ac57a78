"""What the program needs from outside systems, as `typing.Protocol`s: a feed, a broker, stores. Only domain types cross them."""
