"""Fetching one large file over HTTP: resumed, counted, hashed while it comes in."""

from worker_jobs.adapters.downloads.fetch import Downloaded, Pace, Progress, Watch, download
from worker_jobs.adapters.downloads.problems import DownloadFailed

__all__ = ["DownloadFailed", "Downloaded", "Pace", "Progress", "Watch", "download"]
