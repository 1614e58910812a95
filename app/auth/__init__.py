"""Identity and access: logins, account links, cookies, tokens, device pairing, rate limits."""
