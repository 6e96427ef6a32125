"""Invented people, employers and vacancies with known truth. Nobody in here exists."""
