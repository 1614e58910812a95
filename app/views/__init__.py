"""The pages, one file each. They show what the use cases return and decide nothing."""
