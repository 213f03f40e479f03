"""The render: which frame when, the face back in its picture, label, captions, one file."""
