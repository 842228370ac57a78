import sys

try:
    from .cli import main
except KeyboardInterrupt:  # so early that there is nothing to undo
    sys.exit(130)

main()
