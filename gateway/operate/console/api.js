/* SPDX-License-Identifier: Apache-2.0 */
/* The one way to /operate/v1: the session's token with every change, problems as errors. */
import { language, t } from './text.js';

const BASE = '/operate/v1/';

/** What was refused, in words; `body` is the problem as it came. */
export class Problem extends Error {
    constructor(status, body) {
        super(body.title ?? t('error.status', { status }));
        this.status = status;
        this.body = body;
        this.title = this.message;
        this.detail = body.detail ?? '';
        this.code = body.code ?? '';
    }
}

let me = null;
let onLost = () => {};

/** Who is signed in: {user, title, rights, csrf}, or null. */
export const who = () => me;
export const may = (right) => Boolean(me?.rights?.includes(right));
/** `lost` is called when the session is no more. */
export function whenLost(lost) {
    onLost = lost;
}

/* The address of a call; members of `query` that are empty are left out. */
function address(path, query) {
    const pairs = Object.entries(query ?? {}).filter(([, value]) =>
        value !== '' && value !== null && value !== undefined);
    const text = new URLSearchParams(pairs).toString();
    return BASE + path + (text ? `?${text}` : '');
}

/** One segment of a path. */
export const segment = (text) => encodeURIComponent(text);

async function readProblem(response) {
    try {
        return await response.json();
    } catch {
        return {}; /* no problem of ours: the status is all there is */
    }
}

async function call(method, path, options) {
    const headers = { Accept: options.accept ?? 'application/json', 'Accept-Language': language() };
    if (options.body !== undefined)
        headers['Content-Type'] = 'application/json';
    if (method !== 'GET' && me?.csrf)
        headers['X-Csrf-Token'] = me.csrf;
    if (options.isPoll)
        headers['X-Lienthong-Poll'] = '1'; /* nobody is there: the session may grow idle */
    if (options.etag)
        headers['If-None-Match'] = options.etag;
    try {
        return await fetch(address(path, options.query), {
            method, headers, signal: options.signal, credentials: 'same-origin', cache: 'no-store',
            body: options.body === undefined ? undefined : JSON.stringify(options.body) });
    } catch (error) {
        if (error.name === 'AbortError')
            throw error;
        throw new Problem(0, { title: t('error.network'), detail: t('error.network.detail') });
    }
}

async function expect(method, path, options) {
    const response = await call(method, path, options);
    if (response.ok || response.status === 304)
        return response;
    const problem = new Problem(response.status, await readProblem(response));
    if (response.status === 401 && !options.isLogin) {
        me = null;
        onLost();
    }
    throw problem;
}

export async function get(path, query, options) {
    return (await expect('GET', path, { query, ...options })).json();
}

/** {data, etag}; `data` is null when nothing changed since `etag`. */
export async function poll(path, etag, signal) {
    const response = await expect('GET', path, { etag, signal, isPoll: true });
    if (response.status === 304)
        return { data: null, etag };
    return { data: await response.json(), etag: response.headers.get('ETag') };
}

export async function post(path, body, options) {
    const response = await expect('POST', path, { body: body ?? {}, ...options });
    const text = await response.text();
    return text ? JSON.parse(text) : {};
}

/** A file to keep, of what the call answers. */
export async function download(path, query, accept, name) {
    const response = await expect('GET', path, { query, accept });
    const link = document.createElement('a');
    link.href = URL.createObjectURL(await response.blob());
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
}

/* ---- signing in and out ---- */

/** Null when nobody is signed in. */
export async function loadMe() {
    try {
        me = await get('me', null, { isLogin: true });
    } catch (error) {
        if (error.status !== 401)
            throw error;
        me = null;
    }
    return me;
}

export async function signIn(user, password) {
    me = await post('login', { user, password }, { isLogin: true });
}

/** When it fails the session lives on, and whoever it is of is still here. */
export async function signOut() {
    await post('logout');
    me = null;
}
