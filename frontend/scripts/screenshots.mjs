/**
 * Looks at every page as a person would: takes pictures (light, dark, phone) and lets axe search for
 * what keeps people out. Ends with 1 when axe finds something.
 *
 *   HEARTH_URL (default http://127.0.0.1:8000), HEARTH_ADMIN_PASSWORD or var/first-run.env,
 *   CHROMIUM (default /usr/bin/chromium), OUT (default docs/screens), ONLY (a part of a page's name),
 *   LOOK (light, dark or phone), LANGUAGE (en or de), FULL=1 for whole pages instead of one window.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const OUT = resolve(process.env.OUT ?? join(ROOT, "docs/screens"));
const ONLY = process.env.ONLY ?? "";
const LOOK = process.env.LOOK ?? "";

const PAGES = [
  { name: "home", path: "/" },
  { name: "welcome", path: "/welcome" },
  { name: "status", path: "/status" },
  { name: "chat", path: "/chat" },
  { name: "nodes", path: "/nodes" },
  { name: "node", path: firstOf("nodes", (row) => `/nodes/${row.name}`) },
  { name: "models", path: "/models" },
  { name: "models-import", path: "/models?dialog=import" },
  { name: "model", path: firstOf("ai-models", (row) => `/models/${row.name}`) },
  { name: "deployments", path: "/deployments" },
  { name: "deployment", path: firstOf("deployments", (row) => `/deployments/${row.name}`) },
  { name: "operations", path: "/operations" },
  { name: "operation", path: firstOf("operations", (row) => `/operations/${row.id}`) },
  { name: "keys", path: "/keys" },
  { name: "keys-new-key", path: "/keys?dialog=new-key" },
  { name: "usage", path: "/usage" },
  { name: "upstreams", path: "/upstreams" },
  { name: "settings", path: "/settings" },
  { name: "profile", path: "/profile" },
  { name: "palette", path: "/", act: (page) => page.keyboard.press("Control+k") },
  { name: "keyboard", path: "/", act: (page) => page.keyboard.press("?") },
];

const LOOKS = [
  { name: "light", width: 1440, height: 900, theme: "light" },
  { name: "dark", width: 1440, height: 900, theme: "dark" },
  { name: "phone", width: 390, height: 844, theme: "light", touch: true },
];

/** A page that needs a row: its address is found by asking the API. Null when there is none. */
function firstOf(resource, toPath) {
  return async (page) => {
    const answer = await page.request.get(`/api/${resource}?limit=1`);
    if (!answer.ok()) return null;
    const row = (await answer.json()).items?.[0];
    return row ? toPath(row) : null;
  };
}

async function readEnvironment() {
  const path = join(process.env.HEARTH_VAR ?? join(ROOT, "var"), "first-run.env");
  const found = {};
  if (existsSync(path)) {
    for (const line of (await readFile(path, "utf8")).split("\n")) {
      const match = /^(?:export )?(\w+)=["']?(.*?)["']?$/.exec(line);
      if (match) found[match[1]] = match[2];
    }
  }
  const merged = { ...found, ...process.env };
  return {
    url: merged.HEARTH_URL ?? "http://127.0.0.1:8000",
    password: merged.HEARTH_ADMIN_PASSWORD ?? "",
  };
}

/** Bytes over the wire for everything a page loaded, as compressed by the server. */
async function weigh(page) {
  return page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .concat(performance.getEntriesByType("navigation"))
      .filter((entry) => !new URL(entry.name).pathname.startsWith("/api/"))
      .reduce((sum, entry) => sum + entry.encodedBodySize, 0),
  );
}

async function settle(page) {
  await page.waitForLoadState("load");
  await page.locator("main").first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  // Quiet: nothing is being asked for any more, and what was waiting to be drawn is drawn.
  await page.waitForLoadState("networkidle", { timeout: 4000 }).catch(() => {});
  await page.waitForTimeout(350);
}

const axeSource = await readFile(createRequire(import.meta.url).resolve("axe-core"), "utf8");

async function findViolations(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() =>
    globalThis.axe.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    }),
  );
  return result.violations.map((violation) => ({
    id: violation.id,
    help: violation.help,
    nodes: violation.nodes.map((node) => `${node.target.join(" ")}  ${node.failureSummary}`),
  }));
}

const { url, password } = await readEnvironment();
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--force-color-profile=srgb", "--hide-scrollbars"],
});
await mkdir(OUT, { recursive: true });
const violations = [];
const weights = {};
let pictures = 0;

try {
  for (const look of LOOKS.filter((one) => one.name.includes(LOOK))) {
    const context = await browser.newContext({
      baseURL: url,
      viewport: { width: look.width, height: look.height },
      colorScheme: look.theme,
      hasTouch: Boolean(look.touch),
      reducedMotion: "reduce",
      locale: process.env.LANGUAGE === "de" ? "de-DE" : "en-GB",
    });
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(`${look.name}: ${error.message}`));
    await shoot(page, look, { name: "signin", path: "/signin" });
    weights.signin ??= await weigh(page);
    if (password) {
      await page.locator("input[autocomplete=current-password]").fill(password);
      await page.locator("button[type=submit]").click();
      await page.waitForURL((address) => !address.pathname.startsWith("/signin"));
      await settle(page);
      weights["sign-in and home"] ??= await weigh(page);
    }
    for (const one of PAGES) await shoot(page, look, one);
    await context.close();
  }
} finally {
  await browser.close();
}

async function shoot(page, look, { name, path, act }) {
  if (!name.includes(ONLY)) return;
  const address = typeof path === "function" ? await path(page) : path;
  if (!address) return;
  await page.goto(address);
  await settle(page);
  if (act) {
    await act(page);
    await page.locator("[role=dialog]").first().waitFor();
    await page.waitForTimeout(300);
  }
  await page.screenshot({
    path: join(OUT, `${name}-${look.name}.png`),
    fullPage: Boolean(process.env.FULL),
  });
  pictures += 1;
  for (const violation of await findViolations(page)) {
    violations.push({ page: `${name}-${look.name}`, ...violation });
  }
}

for (const { page, id, help, nodes } of violations) {
  console.log(`\n${page}: ${id}: ${help}`);
  for (const node of nodes.slice(0, 3)) console.log(`   ${node.replaceAll("\n", "\n      ")}`);
}
for (const [name, bytes] of Object.entries(weights)) {
  console.log(`first load, ${name}: ${(bytes / 1000).toFixed(0)} kB`);
}
console.log(`\n${pictures} pictures in ${OUT}, ${violations.length} axe violations`);
process.exitCode = violations.length > 0 ? 1 : 0;
