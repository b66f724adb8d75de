"""All moments that cron expressions name in a year, by another way than the program's: every minute of the year is looked at.

Reads lines `zone<TAB>year<TAB>expression`; for each prints the moments in seconds since 1970, one line. Expressions have five fields of numbers, `*`, lists, ranges and
steps. A schedule without a star in its minutes and hours is a time of the day; others follow the clock on the wall.
"""

import sys
from datetime import datetime, timedelta, timezone
from functools import lru_cache
from zoneinfo import ZoneInfo

BOUNDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]


def values(field, least, most):
    found = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        low, _, high = span.partition("-")
        if span == "*":
            low, high = least, most
        elif not high:
            high = most if step else low
        found.update(range(int(low), int(high) + 1, int(step or 1)))
    return found


class Expression:
    def __init__(self, text):
        fields = text.split()
        self.minutes, self.hours, self.days, self.months, weekdays = (values(f, *b) for f, b in zip(fields, BOUNDS))
        self.weekdays = {day % 7 for day in weekdays}
        self.any_day, self.any_weekday = fields[2] == "*", fields[4] == "*"
        self.is_fixed = "*" not in fields[0] + fields[1]

    def names(self, local):
        if local.minute not in self.minutes or local.hour not in self.hours or local.month not in self.months:
            return False
        day, weekday = local.day in self.days, local.isoweekday() % 7 in self.weekdays
        # If both are restricted, either will do.
        return day and weekday if self.any_day or self.any_weekday else day or weekday


def by_the_day(expression, zone, year):
    """Local times of the day, each turned into a moment."""
    days = (datetime(year, 1, 1) + timedelta(days=day) for day in range(366))
    times = [(hour, minute) for hour in expression.hours for minute in expression.minutes]
    moments = set()
    for local in (day.replace(hour=hour, minute=minute) for day in days if day.year == year for hour, minute in times):
        if expression.names(local):
            moment = local.replace(tzinfo=zone).astimezone(timezone.utc)
            if moment.astimezone(zone).replace(tzinfo=None) != local:
                # In a gap: the first minute whose local time is behind it.
                moment -= timedelta(hours=26)
                while moment.astimezone(zone).replace(tzinfo=None) <= local:
                    moment += timedelta(minutes=1)
            moments.add(moment)
    return moments


def by_the_clock(expression, zone, year):
    """All moments, each turned into a local time."""
    return {moment for moment, local in minutes(zone, year) if expression.names(local)}


@lru_cache(maxsize=1)
def minutes(zone, year):
    """All minutes that are in the year there, each with its local time."""
    first = datetime(year, 1, 1, tzinfo=timezone.utc) - timedelta(days=1)
    moments = (first + timedelta(minutes=minute) for minute in range(368 * 24 * 60))
    told = ((moment, moment.astimezone(zone).replace(tzinfo=None)) for moment in moments)
    return [(moment, local) for moment, local in told if local.year == year]


for line in sys.stdin:
    zone, year, text = line.rstrip("\n").split("\t")
    expression = Expression(text)
    way = by_the_day if expression.is_fixed else by_the_clock
    print(*sorted(int(moment.timestamp()) for moment in way(expression, ZoneInfo(zone), int(year))))
