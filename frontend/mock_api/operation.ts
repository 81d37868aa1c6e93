/** One long operation for the stand-in: its steps and its log. */

const at = (seconds: number) => new Date(Date.now() - 200_000 + seconds * 1000).toISOString();

const TITLES = [
  "Connect and check",
  "Swap password for key",
  "Set clock and packages",
  "Create service account",
  "Install engine",
  "Install NVIDIA driver",
  "Fetch first model",
  "Measure speed",
  "Join the fleet",
  "First token",
];

export const stepRows = TITLES.map((title, index) => ({
  position: index + 1,
  name: title.toLowerCase().replaceAll(" ", "_"),
  title,
  state: index < 6 ? "succeeded" : index === 6 ? "running" : "pending",
  detail: index === 6 ? "3.4 of 5.0 GB, 109 MB/s" : "",
  attempt: 1,
  started_at: index <= 6 ? at(index * 10) : null,
  finished_at: index < 6 ? at(index * 10 + 8) : null,
}));

export const logLines = Array.from({ length: 1500 }, (_, index) => ({
  sequence: index + 1,
  at: at(index / 10),
  step: stepRows[Math.min(6, Math.floor(index / 215))]?.name ?? "",
  level: index % 97 === 0 ? "warning" : "info",
  text:
    index % 9 === 0
      ? `linux-headers-6.1.0-${index}-amd64       \u001b[33mchanged\u001b[0m`
      : `module part ${index} loaded                \u001b[32mok\u001b[0m`,
}));
