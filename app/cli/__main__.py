"""`python -m app.cli` does what `brandswipe` does."""

from app.cli.main import main

if __name__ == "__main__":
    main()
