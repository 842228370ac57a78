import sys

try:
    from .cli import main
except ModuleNotFoundError as error:
    sys.exit(
        f"devstack needs the package {error.name}: install the extra `devstack`, in a checkout with `make install`"
    )
except KeyboardInterrupt:  # interrupted during the imports: there is nothing to undo yet
    sys.exit(130)

main()
