import sys

try:
    from .cli import main
except KeyboardInterrupt:  # interrupted during the imports: there is nothing to undo yet
    sys.exit(130)

main()
