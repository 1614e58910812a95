"""Who is there: logins, account links, cookies, tokens, paired phones, and rate limits."""
