/* SPDX-License-Identifier: Apache-2.0 */
/* Mending a document: what one types is tried on the server as one types, and kept only as a
 * revision that says who and why. */
import { get, post, segment, who } from './api.js';
import { ask, reasonField } from './dialog.js';
import { drawDiff, problemText } from './document.js';
import { announce, fragment, h, morph } from './dom.js';
import { keepLook, lookUntil } from './panes.js';
import { button, code, link, note, problemBox, route, section } from './parts.js';
import { clock, number, t } from './text.js';

const PAUSE_MS = 500; /* after the last key, before the server is asked */

/* The newest revision, or what came. */
function sourceOf(story, wanted) {
    const newest = (story.revisions ?? []).filter((one) => one.state !== 'withdrawn').at(-1);
    return wanted ?? (newest ? `revision:${newest.no}` : 'original');
}

/* What was typed and not proposed yet, by who and what: leaving the page does not lose it. */
const drafts = new Map();

const draftOf = (receipt) => `${who().user} ${receipt}`;

export function forgetDrafts() {
    drafts.clear();
}

/* The browser itself asks before it throws a draft away. */
window.addEventListener('beforeunload', (event) => {
    if (drafts.size > 0)
        event.preventDefault();
});

class Editor {
    constructor(view, receipt, doc) {
        this.view = view;
        this.receipt = receipt;
        this.asked = 0;
        this.timer = null;
        this.first = doc.text;
        this.area = h('textarea', { id: 'document', spellcheck: 'false', wrap: 'off',
            autocomplete: 'off', autocapitalize: 'off', 'aria-describedby': 'document-hint',
            oninput: () => this.typed(), onscroll: () => this.scrolled(),
            onkeydown: (event) => this.key(event) }, drafts.get(draftOf(receipt)) ?? doc.text);
        this.lines = h('pre', { class: 'numbers', 'aria-hidden': 'true' });
        this.found = h('div', { class: 'found', 'aria-live': 'polite' });
        this.propose = h('button', { type: 'button', class: 'primary', disabled: true,
            onclick: () => this.ask() }, t('edit.propose'));
        this.marked = new Set();
        this.number();
    }

    /* ---- while one types ---- */

    typed() {
        drafts.set(draftOf(this.receipt), this.area.value);
        this.number();
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.validate(), PAUSE_MS);
    }

    /* Tab stays the way out of the field, as everywhere. */
    key(event) {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !this.propose.disabled) {
            event.preventDefault();
            this.ask();
        }
    }

    number() {
        const count = this.area.value.split('\n').length;
        const shown = `${count} ${[...this.marked]}`;
        if (shown === this.numbered)
            return;
        this.numbered = shown;
        const rows = Array.from({ length: count }, (_, at) => h('span', {
            class: this.marked.has(at + 1) && 'bad' },
        `${this.marked.has(at + 1) ? '▲' : ''}${at + 1}\n`));
        this.lines.replaceChildren(...rows);
        this.scrolled();
    }

    scrolled() {
        this.lines.scrollTop = this.area.scrollTop;
    }

    async validate() {
        this.asked += 1;
        const mine = this.asked;
        this.found.setAttribute('aria-busy', 'true');
        try {
            const answer = await post(`entries/${segment(this.receipt)}/validate`,
                { document: this.area.value }, { signal: this.view.signal });
            if (mine === this.asked)
                this.show(answer);
        } catch (error) {
            if (mine === this.asked && error.name !== 'AbortError')
                morph(this.found, fragment(problemBox(error)));
        }
        this.found.removeAttribute('aria-busy');
    }

    show({ problems = [], diff = [], silent = false }) {
        const isChanged = this.area.value !== this.first;
        this.marked = new Set(problems.map((one) => one.line));
        this.number();
        this.propose.disabled = !isChanged;
        morph(this.found, fragment(
            problems.length
                ? h('p', { class: 'box bad' }, t('edit.problems', { count: number(problems.length) }))
                : h('p', { class: `box ${silent ? 'warn' : 'good'}` },
                    t(silent ? 'edit.silent' : 'edit.passes')),
            this.list(problems),
            h('h3', {}, t('diff.title')), drawDiff(diff)));
    }

    list(problems) {
        return problems.length > 0 && h('ul', { class: 'problems' }, problems.map((one) =>
            h('li', {}, one.line > 0 && button(t('line', one), () => this.goTo(one.line), 'line'),
                ' ', problemText(one), ' ', one.path && code(one.path))));
    }

    /** The line becomes the selection, in sight. */
    goTo(line) {
        const texts = this.area.value.split('\n');
        const start = texts.slice(0, line - 1).reduce((sum, text) => sum + text.length + 1, 0);
        const height = parseFloat(getComputedStyle(this.area).lineHeight);
        this.area.focus();
        this.area.setSelectionRange(start, start + (texts[line - 1]?.length ?? 0));
        this.area.scrollTop = Math.max(0, (line - 4) * height);
    }

    /* ---- keeping it ---- */

    async ask() {
        const answer = await ask({
            title: t('edit.propose'),
            text: t('edit.propose.text'),
            fields: [reasonField()],
            action: t('edit.propose'),
            send: ({ reason }) => post(`entries/${segment(this.receipt)}/revisions`,
                { document: this.area.value, reason }),
        });
        if (!answer)
            return;
        drafts.delete(draftOf(this.receipt));
        announce(t('edit.done', answer));
        location.hash = route('entries', this.receipt, 'revisions', String(answer.no));
    }

    restart() {
        drafts.delete(draftOf(this.receipt));
        this.area.value = this.first;
        this.number();
        this.area.focus();
        this.validate();
    }

    draw() {
        return h('div', { class: 'grid edit' },
            section(t('edit.document'),
                h('label', { class: 'unseen', for: 'document' }, t('edit.document')),
                h('p', { class: 'note', id: 'document-hint' }, t('edit.hint')),
                h('div', { class: 'editor' }, this.lines, this.area),
                h('div', { class: 'actions' }, this.propose,
                    button(t('edit.restart'), () => this.restart()))),
            section(t('edit.found'), this.found));
    }
}

async function load(view, receipt, what) {
    return get(`entries/${segment(receipt)}/document`, { what }, { signal: view.signal });
}

/* A masked document cannot be mended: what is hidden would be lost. */
function askToUnmask(view, receipt) {
    const back = link(route('entries', receipt), t('edit.back'));
    view.draw(t('edit.title'), back, section(t('unmask.title'), note(t('edit.masked')),
        h('div', { class: 'actions' }, button(t('unmask.button'), async () => {
            const answer = await ask({
                title: t('unmask.title'), text: t('unmask.text'), fields: [reasonField()],
                action: t('unmask.action'),
                send: ({ reason }) => post(`entries/${segment(receipt)}/unmask`, { reason }) });
            if (!answer)
                return;
            keepLook(receipt, answer.until);
            await view.again();
        }, 'primary'))));
}

/* When the time is over the text goes out of sight; what was typed is there when it comes back. */
function left(view, until) {
    if (!until)
        return h('p', { class: 'box warn' }, t('unmask.opened'));
    view.every(1000, async () => {
        const place = document.getElementById('unmask-left');
        if (place)
            place.textContent = clock(until - Date.now());
        if (until <= Date.now())
            await view.again();
    });
    return h('p', { class: 'box warn' }, t('unmask.open'), ' ',
        h('b', { id: 'unmask-left', role: 'timer' }, clock(until - Date.now())));
}

export async function edit(view) {
    const { receipt } = view.params;
    const story = await get(`entries/${segment(receipt)}`, null, { signal: view.signal });
    const doc = await load(view, receipt, sourceOf(story, view.query.get('from')));
    if (doc.cut) {
        view.draw(t('edit.title'), link(route('entries', receipt), t('edit.back')),
            note(t('edit.cut')));
        return;
    }
    if (doc.masked) {
        askToUnmask(view, receipt);
        return;
    }
    const editor = new Editor(view, receipt, doc);
    const until = lookUntil(receipt, story);
    view.draw(t('edit.title'), link(route('entries', receipt), t('edit.back')),
        left(view, until), editor.draw());
    await editor.validate();
}
