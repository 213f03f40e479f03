"""The six founding questions, a file each: from tables to a sentence, its numbers, its pictures."""
