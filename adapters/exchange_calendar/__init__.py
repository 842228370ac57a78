"""Trading calendars: the New York Stock Exchange by a table of dates, forex by the week, crypto always open."""
