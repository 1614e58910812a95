"""What people see, whatever shows it: texts in two languages, colors, type, words for reasons."""
