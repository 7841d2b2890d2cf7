"""What asks for releases, and which of these wishes are one."""
