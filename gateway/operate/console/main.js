/* SPDX-License-Identifier: Apache-2.0 */
/* The frame around every page, and the way from an address to its page. */
import { loadMe, may, signOut, whenLost, who } from './api.js';
import { ask } from './dialog.js';
import { announce, fragment, h, morph } from './dom.js';
import { button, heading, note, problemBox } from './parts.js';
import { language, moment, setLanguage, t } from './text.js';
import { audit } from './page_audit.js';
import { deliveries, delivery } from './page_deliveries.js';
import { edit, forgetDrafts } from './page_edit.js';
import { entry } from './page_entry.js';
import { failures, group } from './page_failures.js';
import { job, jobs } from './page_jobs.js';
import { login } from './page_login.js';
import { overview } from './page_overview.js';
import { partners } from './page_partners.js';
import { reconciliation } from './page_reconciliation.js';
import { revision } from './page_revision.js';
import { search } from './page_search.js';

/* The first that fits; `:name` is any one segment. */
const ROUTES = [
    ['', overview, 'overview'],
    ['failures', failures, 'failures'],
    ['failures/:fingerprint', group, 'failures'],
    ['search', search, 'search'],
    ['entries/:receipt', entry, 'search'],
    ['entries/:receipt/edit', edit, 'search'],
    ['entries/:receipt/revisions/:no', revision, 'search'],
    ['deliveries', deliveries, 'deliveries'],
    ['deliveries/:delivery', delivery, 'deliveries'],
    ['jobs', jobs, 'jobs'],
    ['jobs/:job', job, 'jobs'],
    ['partners', partners, 'partners'],
    ['audit', audit, 'audit'],
    ['reconciliation', reconciliation, 'reconciliation'],
    ['login', login, ''],
];
const MENU = ['overview', 'failures', 'search', 'deliveries', 'jobs', 'partners', 'reconciliation',
    'audit'];

/* ---- addresses ---- */

function fit(pattern, segments) {
    const wanted = pattern === '' ? [] : pattern.split('/');
    if (wanted.length !== segments.length)
        return null;
    const params = {};
    for (const [at, name] of wanted.entries()) {
        if (name.startsWith(':'))
            params[name.slice(1)] = segments[at];
        else if (name !== segments[at])
            return null;
    }
    return params;
}

function decode(text) {
    try {
        return decodeURIComponent(text);
    } catch {
        return text; /* typed by hand: it leads to nothing then */
    }
}

function find(hash) {
    const [path, query] = hash.replace(/^#\/?/, '').split('?');
    const segments = path.split('/').filter(Boolean).map(decode);
    for (const [pattern, page, menu] of ROUTES) {
        const params = fit(pattern, segments);
        if (params)
            return { page, menu, params, query: new URLSearchParams(query ?? '') };
    }
    return { page: nowhere, menu: '', params: {}, query: new URLSearchParams() };
}

function nowhere(view) {
    view.draw(t('nowhere.title'), note(t('nowhere.text')));
}

/* ---- one page being shown ---- */

let current = null;

class View {
    constructor(found) {
        Object.assign(this, found);
        this.leaving = new AbortController();
        this.signal = this.leaving.signal;
        this.isFirst = true;
        this.freshAt = Date.now();
    }

    get isOpen() {
        return current === this;
    }

    /** Shows the page; later calls change what differs and leave focus and scroll alone. */
    draw(title, ...children) {
        if (!this.isOpen)
            return;
        const tree = fragment(heading(title, this.actions ?? []), ...children);
        const place = document.getElementById('main');
        document.title = `${title} – ${t('brand')}`;
        if (!this.isFirst) {
            morph(place, tree);
            return;
        }
        this.isFirst = false;
        place.replaceChildren(tree);
        if (hasMoved)
            place.querySelector('h1').focus({ preventScroll: true });
        window.scrollTo(0, 0);
    }

    fail(error) {
        if (error.name === 'AbortError' || error.status === 401 || !this.isOpen)
            return;
        if (!('status' in error))
            console.error(error);
        this.draw(t('error.title'), problemBox(error), button(t('error.again'), () => show()));
    }

    /** Calls again and again while the page is open and somebody could see it, one at a time. */
    every(milliseconds, work) {
        let isBusy = false;
        const timer = setInterval(async () => {
            if (document.hidden || isBusy)
                return;
            isBusy = true;
            await this.tryOnce(work);
            isBusy = false;
        }, milliseconds);
        this.signal.addEventListener('abort', () => clearInterval(timer));
    }

    /* What cannot be asked now is asked again; meanwhile the reader knows that it is old. */
    async tryOnce(work) {
        try {
            await work();
            this.freshAt = Date.now();
            showStale('');
        } catch (error) {
            if (error.name !== 'AbortError' && this.isOpen)
                showStale(t('error.stale', { moment: moment(this.freshAt), why: error.message }));
        }
    }

    /** Loads and draws anew. */
    again() {
        return show();
    }
}

function showStale(words) {
    const place = document.getElementById('stale');
    if (place.textContent === words)
        return;
    place.textContent = words;
    place.hidden = words === '';
}

/* Whether the reader went from one page to another: then the heading gets the focus. */
let hasMoved = false;

async function show() {
    current?.leaving.abort();
    const found = find(location.hash);
    if (!who() && found.page !== login) {
        toLogin();
        return;
    }
    const view = new View(found);
    current = view;
    drawFrame(found.menu);
    document.getElementById('main').setAttribute('aria-busy', 'true');
    try {
        await found.page(view);
    } catch (error) {
        view.fail(error);
    }
    if (!view.isOpen)
        return;
    document.getElementById('main').removeAttribute('aria-busy');
    announce(document.title);
}

/* ---- signing in ---- */

const backTo = () => (location.hash.startsWith('#/login') ? '' : location.hash);

function toLogin() {
    const back = backTo();
    location.hash = back && back !== '#/' ? `#/login?${new URLSearchParams({ back })}` : '#/login';
}

/* The next one at this computer must not find the session of who thought to have left. */
async function leave() {
    try {
        await signOut();
    } catch (error) {
        if (who())
            await ask({ title: t('logout.failed'), text: [t('logout.failed.text'), problemBox(error)],
                action: t('frame.logout'), send: signOut });
        if (who())
            return;
    }
    forgetDrafts();
    location.hash = '#/login';
}

/* ---- the frame ---- */

function switchTo(name) {
    setLanguage(name);
    show();
}

function languageSwitch() {
    return h('div', { class: 'languages', role: 'group', 'aria-label': t('frame.language') },
        [['vi', 'Tiếng Việt'], ['en', 'English']].map(([name, label]) => h('button', {
            type: 'button', lang: name, 'aria-pressed': String(language() === name),
            onclick: () => switchTo(name) }, label)));
}

function userPart() {
    return who() && h('div', { class: 'user' }, h('span', {}, who().title || who().user),
        button(t('frame.logout'), leave, 'quiet'));
}

function toggleMenu(event) {
    const isOpen = document.getElementById('menu').classList.toggle('open');
    event.currentTarget.setAttribute('aria-expanded', String(isOpen));
}

function menu(chosen) {
    return h('nav', { id: 'menu', 'aria-label': t('frame.menu') }, h('ul', {}, MENU.map((name) =>
        h('li', {}, h('a', { href: name === 'overview' ? '#/' : `#/${name}`,
            'aria-current': name === chosen && 'page' }, t(`menu.${name}`))))));
}

function skip(event) {
    event.preventDefault();
    document.getElementById('main').focus();
}

function drawFrame(chosen) {
    const isIn = Boolean(who()) && may('view');
    morph(document.getElementById('frame'), fragment(
        h('a', { class: 'skip', href: '#main', onclick: skip }, t('frame.skip')),
        h('header', { class: 'top' },
            isIn && h('button', { type: 'button', class: 'menu-button', 'aria-controls': 'menu',
                'aria-expanded': 'false', onclick: toggleMenu }, t('frame.menu')),
            h('p', { class: 'brand' }, t('brand'), h('span', {}, t('brand.more'))),
            languageSwitch(), userPart()),
        h('div', { class: isIn ? 'columns' : 'columns alone' }, isIn && menu(chosen),
            h('div', {}, h('p', { id: 'stale', class: 'box warn', role: 'status', hidden: true }),
                h('main', { id: 'main', tabindex: '-1', 'data-own': true })))));
}

function move() {
    hasMoved = true;
    show();
}

async function start() {
    whenLost(toLogin);
    window.addEventListener('hashchange', move);
    try {
        await loadMe();
    } catch (error) {
        drawFrame('');
        document.getElementById('main').replaceChildren(problemBox(error),
            button(t('error.again'), () => location.reload()));
        return;
    }
    show();
}

start();
