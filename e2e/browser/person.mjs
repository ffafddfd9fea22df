// Somebody at a browser: opens the authorization URL, picks a user, presses Allow, and lands at the client's redirect address.
import { createServer } from 'node:http';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const screenshots = fileURLToPath(new URL('./screenshots/', import.meta.url));
const flags = [
  '--no-sandbox', // CI runs as root
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

export async function launch() {
  mkdirSync(screenshots, { recursive: true });
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: flags, headless: true });
}

// The client's own loopback listener, as a desktop program would run it.
async function listenForTheCode() {
  const arrivals = [];
  let waiting;
  const server = createServer((req, res) => {
    const url = new URL(req.url, 'http://127.0.0.1');
    if (url.pathname !== '/callback') {
      res.writeHead(204).end(); // the favicon
      return;
    }
    res.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
    res.end('<!doctype html><html lang="en"><title>Done</title><p>You can close this window.');
    if (waiting) waiting(url.searchParams);
    else arrivals.push(url.searchParams);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    redirectUri: `http://127.0.0.1:${server.address().port}/callback`,
    next: () => (arrivals.length ? Promise.resolve(arrivals.shift()) : new Promise((resolve) => (waiting = (params) => {
      waiting = undefined;
      resolve(params);
    }))),
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(resolve);
    }),
  };
}

export async function newPerson(browser, name, look) {
  const context = await browser.newContext(look);
  const page = await context.newPage();
  const complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  const callback = await listenForTheCode();
  const lookAt = async (step) => {
    await page.screenshot({ path: `${screenshots}${name}-${step}.png`, fullPage: true });
    const tooWide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
    if (tooWide) complaints.push(`${step} is wider than the window`);
  };
  let rounds = 0;

  return {
    name,
    page,
    complaints,
    redirectUri: callback.redirectUri,
    rounds: () => rounds,
    async authorize(authorizationUrl) {
      rounds++;
      await page.goto(authorizationUrl);
      if (await page.locator('[name="user"]').count()) {
        await lookAt(`${rounds}-login`);
        await logIn(page, name);
      }
      await page.locator('[name="decision"][value="allow"]').waitFor();
      await lookAt(`${rounds}-consent`);
      const text = await page.locator('body').innerText();
      const arrived = callback.next();
      await page.locator('[name="decision"][value="allow"]').click();
      return { params: await arrived, text };
    },
    async leave() {
      await context.close();
      await callback.close();
    },
  };
}

// The login page may offer its users as buttons, radio buttons or a text field; a person would find out.
async function logIn(page, name) {
  const button = page.locator(`button[name="user"][value="${name}"]`);
  if (await button.count()) return button.click();
  const radio = page.locator(`input[type="radio"][name="user"][value="${name}"]`);
  if (await radio.count()) await radio.check();
  else await page.locator('[name="user"]').fill(name);
  return page.locator('form [type="submit"]').first().click();
}
