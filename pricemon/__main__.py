"""`python -m pricemon` is the same program as the `pricemon` console script."""

from pricemon.cli.app import main

if __name__ == "__main__":
    main()
