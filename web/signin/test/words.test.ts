import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../src/api.ts';
import { browser, methods, problemText } from '../src/words.ts';

test('by what somebody signed in', () => {
  assert.equal(methods('passkey'), 'passkey');
  assert.equal(methods('password totp'), 'password and authenticator app');
  assert.equal(methods('invitation password passkey'), 'invitation, password and passkey');
  assert.equal(methods('new'), 'new');
});

test('browsers', () => {
  const agents = {
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0': 'Edge on Windows',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/126.0.0.0 Safari/537.36': 'Chrome on Linux',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15': 'Safari on Mac',
    'Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0': 'Firefox on Android',
    'sallyport/0.1.0': 'sallyport/0.1.0',
    '': '',
  };
  for (const [agent, name] of Object.entries(agents)) assert.equal(browser(agent), name);
  assert.equal(browser('x'.repeat(100)).length, 61);
});

test('every problem says what to do next', () => {
  assert.match(problemText(new Problem(401, 'signin.refused', 'x')), /try again/);
  assert.match(problemText(new Problem(403, 'passkey.owner', 'the passkey is another person’s: use your own')), /^The passkey .*own\.$/);
  assert.match(problemText(new Problem(404, '', '')), /address of this page/);
  assert.match(problemText(new Problem(500, '', '')), /administrator/);
  assert.match(problemText(new Problem(0, 'away', '')), /connection/);
});
