"""Game days on the embedded site: a made-up service, its users, planted faults, and what is found afterwards."""
