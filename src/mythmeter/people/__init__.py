"""Who may be imitated: consent records, their check, and the receipt that every stage needs."""
