"""What breaks: power cuts, disks and clocks. Small here; `make soak` does it at length."""
