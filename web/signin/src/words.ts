// Every text of the page, in one place.
import type { Problem } from './api.ts';
import type { NoPasskey } from './webauthn.ts';

export const WORDS = {
  page: 'Sign in',
  notice: {
    title: 'Before you sign in',
    agree: 'I have read this and agree',
  },
  start: {
    title: 'Sign in',
    passkey: 'Sign in with a passkey',
    passkeyHelp: 'A passkey is your security key, or this device unlocked by its PIN, fingerprint or face.',
    or: 'or with your password',
    login: 'Login',
    password: 'Password',
    show: 'Show the password',
    go: 'Continue',
    invited: 'I have an invitation code',
    there: 'Sign in with',
  },
  invited: {
    title: 'Use your invitation',
    help: 'Your administrator gave you an invitation code. It works once. Choose a password of your own now; on the next page you add a second step.',
    code: 'Invitation code',
    codeHint: 'It begins with spe_',
    back: 'Back to sign-in',
  },
  password: {
    fresh: 'New password',
    again: 'New password, once more',
    old: 'Password until now',
    hint: 'Long is good: several words are easy to remember. Spaces and all characters count. Do not use it anywhere else.',
    differs: 'The two new passwords are not the same. Type the new one twice.',
    empty: 'Fill in this field.',
    changeTitle: 'Choose a new password',
    changeHelp: 'Your password must be changed before you go on: it is too old, or it was found in a list of leaked passwords.',
    change: 'Change the password',
    changed: 'Your password is changed. Your other sessions have ended.',
  },
  factor: {
    title: 'Second step',
    passkeyHelp: 'Use your passkey: touch your security key, or unlock this device.',
    passkey: 'Use my passkey',
    totp: 'Code from your authenticator app',
    totpHint: 'The digits that the app shows now',
    recovery: 'Recovery code',
    recoveryHint: 'One of the codes that you kept when you enrolled. Each works once.',
    recoveryInstead: 'Use a recovery code instead',
    totpInstead: 'Use the authenticator app instead',
    passkeyInstead: 'Use a passkey instead',
    go: 'Continue',
    other: 'Sign in as someone else',
    none: 'No passkey, app or recovery code is left for this account. Ask your administrator for a new invitation.',
  },
  enrol: {
    title: 'Add your second step',
    help: 'From now on you sign in with your password and one thing that you hold. Choose what it is.',
    passkey: 'Passkey',
    passkeyHelp: 'A security key, or this device with its PIN, fingerprint or face. It cannot be phished: it works on this site only. Recommended.',
    passkeyGo: 'Add a passkey',
    totp: 'Authenticator app',
    totpHelp: 'An app on your phone that shows a new code every half minute.',
    totpGo: 'Set up an app',
    noPasskey: 'This browser cannot use passkeys here. Use an authenticator app, or open this site in another browser.',
  },
  app: {
    title: 'Set up an authenticator app',
    scan: 'Scan this picture with your app:',
    picture: 'QR code with the key for the authenticator app; the key is written below, too',
    type: 'Or type this key into it:',
    open: 'Open it in an app on this device',
    code: 'Code that the app shows now',
    go: 'Finish',
    back: 'Choose something else',
    leave: 'Back',
  },
  codes: {
    title: 'Keep your recovery codes',
    help: 'If you lose your passkey or phone, one of these lets you in, once each. They are shown only now. Print them, or write them down, and keep them apart from your devices.',
    kept: 'I have kept them in a safe place',
    print: 'Print',
    copy: 'Copy',
    copied: 'Copied. Paste them where nobody else looks.',
    go: 'Continue',
    first: 'Tick the box when you have kept the codes.',
  },
  open: {
    title: 'You are signed in',
    name: 'Name',
    login: 'Login',
    role: 'Role',
    ends: 'Ends, if not used',
    method: 'Signed in by',
    next: 'Continue to where you were going',
    out: 'Sign out',
    sessions: 'Your sessions',
    here: 'this session',
    end: 'End',
    ended: 'That session has ended.',
    since: 'since',
    factors: 'Your second steps',
    remove: 'Remove',
    removed: 'Removed.',
    added: 'Added.',
    disabled: 'disabled: there may be a copy of it. Tell your administrator.',
    addPasskey: 'Add a passkey',
    addApp: 'Add an authenticator app',
    newCodes: 'Make new recovery codes',
    password: 'Change the password',
    used: 'last used',
  },
  locked: {
    title: 'Your session is locked',
    help: 'It was not used for a while. Prove again that it is you; everything is where you left it.',
  },
  renew: {
    title: 'Prove again that it is you',
    help: 'What you want to do asks for both of your steps anew.',
  },
  out: 'You are signed out. Close the browser on a computer that others use.',
  working: 'One moment…',
  kinds: { passkey: 'Passkey', totp: 'Authenticator app' },
} as const;

const METHODS: Readonly<Record<string, string>> = {
  password: 'password', invitation: 'invitation', passkey: 'passkey', totp: 'authenticator app', recovery: 'recovery code', oidc: 'your agency’s own sign-in',
};

/** "password passkey" in words. */
export function methods(method: string): string {
  const words = method.split(' ').map((word) => METHODS[word] ?? word);
  const last = words.pop() ?? '';
  return words.length > 0 ? `${words.join(', ')} and ${last}` : last;
}

const BROWSERS = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']] as const;
const SYSTEMS = [['Windows', 'Windows'], ['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Mac OS', 'Mac'],
  ['CrOS', 'ChromeOS'], ['Linux', 'Linux']] as const;

/** What a client calls itself, in two words where that can be told. */
export function browser(agent: string): string {
  const name = BROWSERS.find(([mark]) => agent.includes(mark))?.[1];
  const system = SYSTEMS.find(([mark]) => agent.includes(mark))?.[1];
  if (name) return system ? `${name} on ${system}` : name;
  return agent.length > 60 ? `${agent.slice(0, 60)}…` : agent;
}

/** What to do when a passkey came to nothing. */
export const NO_PASSKEY: Readonly<Record<NoPasskey['kind'], string>> = {
  cancelled: 'No passkey was used: it was cancelled, took too long, or none on this device is for this site. Try again, or sign in with your password.',
  known: 'This passkey is added already. Use another one.',
  insecure: 'Passkeys do not work at this address. Open the site by its own name, not by a number or another name.',
  failed: 'This device or browser could not use the passkey. Try another one, or another browser.',
};

/** By the reason that the site gives; else what the site says itself. */
const PROBLEMS: Readonly<Record<string, string>> = {
  'away': 'The site does not answer. Check your connection, then try again.',
  'signin.refused': 'That is not right, or the account cannot be used. Check what you typed and try again. After several failed attempts the account is locked, and only an administrator can release it.',
  'signin.pace': 'Too many attempts come from your network just now. Wait a few seconds, then try again.',
  'session.unknown': 'Your sign-in is over. Begin again.',
  'session.ended': 'Your session has ended. Sign in again.',
  'session.void': 'Your account was changed. Sign in again.',
  'session.expired': 'That took too long, or nothing was done for a while. Sign in again.',
  'session.stage': 'That step is done already, or not wanted yet. Load this page again.',
  'password.banned': 'That password is easy to guess: it is on a list of common or leaked ones, or made of your name or this agency’s. Choose another one; several words are good.',
  'password.same': 'That is the password that you have now. Choose another one.',
  'invite.unknown': 'That invitation code is not valid: it was used, is too old, or was mistyped. Copy it whole, or ask your administrator for a new one.',
  'totp.code': 'That is not the code. Wait until the app shows the next one and type it in. If it is wrong again, check that the phone’s clock is right.',
  'challenge.unknown': 'That took too long. Try again.',
  'factor.last': 'This is your only second step. Add another one first.',
  'factor.many': 'You have as many second steps as one may have. Remove one first.',
};

/** Of a sign-in at another site, by the first part of the reason; the whole
 * reason where there is more to do than to try again. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'identity.unknown': 'You signed in there, but nobody here is known by that account. Ask your administrator to add you.',
  'identity.claim': 'You signed in there, but what it tells of you is not enough to know you here. Ask your administrator.',
  'identity.many': 'You have several accounts here, and which one is meant is not said. Ask your administrator.',
  'identity.other': 'You signed in there with another account than before. Use that one, or ask your administrator.',
  'person.inactive': 'Your account here is not active. Ask your administrator.',
  'exchange.denied': 'The sign-in there was called off. Try again.',
  'jwt.proved': 'You signed in there too long ago. Sign out there, then try again.',
  'jwt.expired': 'The clocks of the two sites differ. Tell your administrator.',
  'jwt.early': 'The clocks of the two sites differ. Tell your administrator.',
  'jwt.issued': 'The clocks of the two sites differ. Tell your administrator.',
  'flow': 'That sign-in was not begun in this browser, or took too long. Begin again.',
  'source': 'The other site cannot be reached just now. Try again in a minute, or sign in here.',
  'errand': 'The other site cannot be reached just now. Try again in a minute, or sign in here.',
  'discovery': 'The other site is not set up as it should be. Tell your administrator.',
  'keys': 'The other site is not set up as it should be. Tell your administrator.',
};

export const elsewhereText = (reason: string): string =>
  ELSEWHERE[reason] ?? ELSEWHERE[reason.split('.')[0] ?? ''] ??
  'The other site did not sign you in here. Try again; if it stays so, tell your administrator.';

export function problemText(problem: Problem): string {
  const known = PROBLEMS[problem.reason];
  if (known) return known;
  if (problem.detail) {
    const text = problem.detail.charAt(0).toUpperCase() + problem.detail.slice(1);
    return /[.!?]$/.test(text) ? text : `${text}.`;
  }
  return problem.status === 404 ? 'There is no such agency here. Check the address of this page.'
    : 'Something went wrong at the site. Try again in a minute; if it stays so, tell your administrator.';
}
