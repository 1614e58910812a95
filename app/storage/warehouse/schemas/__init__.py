"""Known schemas of event logs, and the SQL dialects of the engines that read them."""
