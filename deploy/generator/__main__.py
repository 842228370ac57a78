"""`python -m deploy.generator`: write the generated resources. A test compares them with their sources."""

from .resources import generated


def main() -> None:
    """Write every generated file."""
    for path, text in generated().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
