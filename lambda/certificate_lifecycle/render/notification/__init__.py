"""The message of a run: as an e-mail, for chats, and as a document for programs."""
