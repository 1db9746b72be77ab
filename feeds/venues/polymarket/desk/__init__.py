"""The fake venue's private side: keys, wallets, orders, trades, the user socket, and its moods."""
