/**
 * Looks at every page as a person would: takes pictures (light, dark, phone) and lets axe search for
 * what keeps people out. Ends with 1 when axe finds something.
 *
 *   HEARTH_URL (default http://127.0.0.1:8000), HEARTH_ADMIN_PASSWORD or var/first-run.env,
 *   CHROMIUM (default /usr/bin/chromium), OUT (default docs/screens), ONLY (a part of a page's name),
 *   --fill first makes keys, requests and a failed import: only for an installation to throw away.
 *   LOOK (light, dark or phone), LANGUAGE (en or de), FULL=1 for whole pages instead of one window.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), "../..");
const OUT = resolve(process.env.OUT ?? join(ROOT, "docs/screens"));
const ONLY = process.env.ONLY ?? "";
const LOOK = process.env.LOOK ?? "";

const FILLS = process.argv.includes("--fill");

const PAGES = [
  { name: "home", path: "/" },
  { name: "welcome", path: "/welcome" },
  { name: "status", path: "/status" },
  { name: "status-test", path: "/status", act: testEverything },
  { name: "chat", path: "/chat", act: ask },
  { name: "chat-parameters", path: "/chat?dialog=parameters", act: dialog },
  { name: "chat-code", path: "/chat?dialog=code", act: dialog },
  { name: "nodes", path: "/nodes" },
  { name: "node", path: firstOf("nodes", (row) => `/nodes/${row.name}`) },
  { name: "models", path: "/models" },
  { name: "models-deploy", path: deployDialog, act: dialog },
  { name: "models-import", path: "/models?dialog=import", act: dialog },
  { name: "model", path: firstOf("ai-models", (row) => `/models/${row.name}`) },
  { name: "model-files", path: "/model-files" },
  { name: "deployments", path: "/deployments" },
  { name: "deployment", path: firstOf("deployments", (row) => `/deployments/${row.name}`) },
  { name: "operations", path: "/operations" },
  { name: "operation", path: operation("succeeded") },
  { name: "operation-failed", path: operation("failed") },
  { name: "keys", path: "/keys" },
  { name: "keys-menu", path: "/keys", act: openFirstMenu },
  { name: "keys-new-key", path: "/keys?dialog=new-key", act: issueKey },
  { name: "keys-test", path: "/keys?dialog=test-key", act: dialog },
  { name: "keys-limits", path: "/keys?tab=limits" },
  { name: "key", path: keyNamed("Luka homework") },
  { name: "key-limits", path: keyNamed("Invoice workflow"), act: changeLimits },
  { name: "key-rotate", path: keyNamed("Home Assistant"), act: askToRotate },
  { name: "key-rotating", path: keyNamed("Build box") },
  { name: "routes", path: "/routes" },
  { name: "routes-new", path: "/routes?dialog=new-route", act: dialog },
  { name: "route", path: firstOf("routes", (row) => `/routes/${row.name}`) },
  { name: "route-versions", path: firstOf("routes", (row) => `/routes/${row.name}?tab=versions`) },
  {
    name: "route-test",
    path: firstOf("routes", (row) => `/routes/${row.name}?dialog=test`),
    act: dialog,
  },
  { name: "usage", path: "/usage" },
  { name: "usage-models", path: "/usage?group=model&days=7d" },
  { name: "usage-budgets", path: "/usage?tab=budgets" },
  { name: "requests", path: "/requests" },
  { name: "request", path: firstOf("requests", (row) => `/requests/${row.id}`) },
  {
    name: "request-fell-back",
    path: firstOf("requests", (row) => `/requests/${row.id}`, { fell_back: true }),
  },
  { name: "upstreams", path: "/upstreams" },
  { name: "upstreams-add", path: "/upstreams?dialog=add-upstream", act: dialog },
  { name: "upstream", path: firstOf("upstreams", (row) => `/upstreams/${row.id}`) },
  { name: "settings", path: "/settings" },
  { name: "people", path: "/settings/people" },
  { name: "audit", path: "/audit" },
  { name: "profile", path: "/profile" },
  { name: "not-found", path: "/no/such/page" },
  { name: "palette", path: "/", act: (page) => keys(page, "Control+k", "op") },
  { name: "keyboard", path: "/", act: (page) => keys(page, "?") },
];

const LOOKS = [
  { name: "light", width: 1440, height: 900, theme: "light" },
  { name: "dark", width: 1440, height: 900, theme: "dark" },
  { name: "phone", width: 390, height: 844, theme: "light", touch: true },
];

/** A page that needs a row: its address is found by asking the API. Null when there is none. */
function firstOf(resource, toPath, filters = {}) {
  return async (page) => {
    const answer = await page.request.get(`/api/${resource}`, { params: { limit: 1, ...filters } });
    if (!answer.ok()) return null;
    const row = (await answer.json()).items?.[0];
    return row ? toPath(row) : null;
  };
}

/** A key that `fill` has made; any other in an installation that was not filled. */
function keyNamed(name) {
  return async (page) => {
    const answer = await page.request.get("/api/keys", { params: { limit: 100 } });
    const rows = answer.ok() ? (await answer.json()).items : [];
    const row = rows.find((one) => one.name === name) ?? rows[0];
    return row ? `/keys/${row.id}` : null;
  };
}

async function changeLimits(page) {
  await press(page, "Change limits");
}

async function askToRotate(page) {
  if (await press(page, "Rotate")) await dialog(page);
}

/** Of a model with some weight, so that the bars have something to show. */
async function deployDialog(page) {
  const answer = await page.request.get("/api/catalogue");
  const entries = (await answer.json()).items;
  const entry = entries.find((one) => /1[.-]2b/i.test(one.name)) ?? entries[0];
  return `/models?dialog=deploy&model=${encodeURIComponent(entry.name)}`;
}

async function testEverything(page) {
  if (await press(page, "Test everything")) await page.locator("main ol").first().waitFor();
}

function operation(state) {
  return firstOf("operations", (row) => `/operations/${row.id}`, { state });
}

async function dialog(page) {
  await page.locator("[role=dialog]").first().waitFor();
}

async function keys(page, first, rest = "") {
  await page.keyboard.press(first);
  await dialog(page);
  await page.keyboard.type(rest);
}

/** By its English name; in another language the page is shown as it was. */
async function press(page, name) {
  const button = page.getByRole("button", { name, exact: true }).first();
  if (!(await button.isVisible())) return false;
  await button.click();
  await page.waitForLoadState("networkidle");
  return true;
}

async function openFirstMenu(page) {
  await page.locator("main button[aria-haspopup=menu]").first().click();
}

/** Goes on to the step that shows the secret; the key is one of this throw-away installation. */
const KEY_NAMES = { light: "Petra laptop", dark: "Kitchen tablet", phone: "Garden radio" };

async function issueKey(page, look) {
  await dialog(page);
  if (!FILLS) return;
  await page.locator("[role=dialog] input").first().fill(KEY_NAMES[look.name]);
  await press(page, "a person");
  await page.locator("[role=dialog] [type=submit]").click();
  await page
    .getByText(/^hk_live_/)
    .first()
    .waitFor();
}

async function ask(page) {
  if (!FILLS) return;
  const area = page.locator("main textarea");
  await area.fill("reboot db-07");
  await area.press("Enter");
  await page.locator("article[aria-busy=false] footer").first().waitFor();
}

/** Gives an empty, throw-away installation something to show: keys, requests, a failed import. */
async function fill({ url, token, apiKey }) {
  const post = (path, body, secret) =>
    fetch(`${url}${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${secret}` },
      body: JSON.stringify(body),
    });
  const luka = await fillKeys(post, token);
  const path = join(tmpdir(), "shopping-list.gguf");
  await writeFile(path, "milk, bread, firewood\n");
  const list = { name: "shopping-list", source: { path } };
  await post("/api/ai-models", list, token);
  const models = await fetch(`${url}/v1/models`, {
    headers: { authorization: `Bearer ${apiKey}` },
  });
  const model = (await models.json()).data?.[0]?.id;
  await fillRoutes(post, token, model);
  const ask = async (content, secret, asked = model) => {
    const messages = [{ role: "user", content }];
    const answer = await post("/v1/chat/completions", { model: asked, messages }, secret);
    await answer.text();
  };
  for (const content of ["reboot db-07", "What can you do?", "Drain oak.", "Hello"]) {
    for (let round = 0; round < 6 && model; round += 1) await ask(content, apiKey);
    await ask(content, apiKey, "coder");
  }
  // Until the smallest limit says no.
  for (let round = 0; round < 8 && model; round += 1) await ask("reboot db-07", luka);
}

/** Keys as a house has them; the secret of the one with the smallest limits. */
async function fillKeys(post, token) {
  const make = async (name, rights) => (await post("/api/keys", { name, ...rights }, token)).json();
  await make("Home Assistant", { limits: { tokens_per_day: 500_000, parallel: 4 } });
  const workflow = { tokens_per_day: 2_000_000, tokens_per_month: 40_000_000, parallel: 8 };
  await make("Invoice workflow", { limits: workflow, networks: ["10.0.0.0/8"] });
  const box = await make("Build box", {});
  await post(`/api/keys/${box.id}/rotate`, { overlap_hours: 24 }, token);
  const limits = { tokens_per_day: 100_000, requests_per_minute: 6, parallel: 2 };
  return (await make("Luka homework", { limits })).secret;
}

/** A server that is away, one outside, and the routes that cope with both. */
async function fillRoutes(post, token, model) {
  const garage = { name: "garage", base_url: "http://127.0.0.1:9/v1" };
  const cloud = { name: "cloud", base_url: "https://models.example.net/v1" };
  for (const upstream of [garage, cloud]) await post("/api/upstreams", upstream, token);
  const on = ["refused", "5xx", "timeout"];
  const coder = {
    name: "coder",
    aliases: ["gpt-4o-mini"],
    affinity: "session",
    targets: [
      { upstream: "garage", model: "coder-large", weight: 75 },
      { upstream: "garage", model: "coder-small", weight: 25 },
    ],
    fallbacks: [{ on, to: model }],
  };
  const smart = {
    name: "smart",
    may_leave_house: true,
    targets: [{ upstream: "cloud", model: "large" }],
    fallbacks: [
      { on, to: "coder" },
      { on: ["429"], to: model },
    ],
  };
  for (const route of [coder, smart]) await post("/api/routes", route, token);
  // Gateways go by them within two seconds.
  await new Promise((done) => setTimeout(done, 4000));
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
    token: merged.HEARTH_TOKEN ?? "",
    apiKey: merged.OPENAI_API_KEY ?? "",
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

/** Where this checkout lies is nobody's business in a picture. Runs in the page. */
function hidePath(root) {
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const node = texts.currentNode;
    if (node.nodeValue.includes(root))
      node.nodeValue = node.nodeValue.replaceAll(root, "/srv/hearth");
  }
}

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

const { url, password, token, apiKey } = await readEnvironment();
if (FILLS) await fill({ url, token, apiKey });
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox", "--force-color-profile=srgb", "--hide-scrollbars"],
});
await mkdir(OUT, { recursive: true });
const violations = [];
const broken = [];
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
      if (!page.url().endsWith("/signin")) await page.goto("/signin");
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

async function shoot(page, look, one) {
  if (!one.name.includes(ONLY)) return;
  try {
    await take(page, look, one);
  } catch (error) {
    broken.push(`${one.name}-${look.name}: ${error.message.split("\n")[0]}`);
    await page.screenshot({ path: join(OUT, `broken-${one.name}-${look.name}.png`) });
  }
}

async function take(page, look, { name, path, act }) {
  const address = typeof path === "function" ? await path(page) : path;
  if (!address) return;
  await page.goto(address);
  await settle(page);
  if (act) {
    await act(page, look);
    await page.waitForTimeout(400);
  }
  await page.evaluate(hidePath, ROOT);
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
for (const line of broken) console.log(`did not open: ${line}`);
console.log(`\n${pictures} pictures in ${OUT}, ${violations.length} axe violations`);
process.exitCode = violations.length + broken.length > 0 ? 1 : 0;
