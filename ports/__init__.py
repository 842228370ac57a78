"""What the domain needs of the world, as `typing.Protocol`s: a feed, a broker, stores. Only domain types cross them."""
