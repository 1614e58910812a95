"""What `brandswipe doctor` looks at: one function a check, from a house to what was found."""
