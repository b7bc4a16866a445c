/* SPDX-License-Identifier: Apache-2.0 */
/* What came, the event that it became and what was delivered, beside each other. */
import { get, post, segment } from './api.js';
import { ask, reasonField } from './dialog.js';
import { drawDocument, goToLine } from './document.js';
import { announce, h } from './dom.js';
import { button, note, problemBox, section } from './parts.js';
import { clock, t } from './text.js';

/* [what, words] of everything that can be looked at. */
function sourcesOf(story) {
    const { facts = {}, revisions = [], deliveries = [] } = story;
    return [
        ['original', t('document.original')],
        facts.has_event && ['event', t('document.event')],
        ...revisions.map((one) => [`revision:${one.no}`, t('document.revision', one)]),
        ...deliveries.filter((one) => one.partner).map((one) => [`delivery:${one.id}`,
            t('document.delivery', one)]),
    ].filter(Boolean);
}

/* The first two, and the first delivery. */
function firstChoice(sources) {
    const delivered = sources.find(([what]) => what.startsWith('delivery:'));
    const chosen = [sources[0], sources[1], delivered].filter(Boolean).map(([what]) => what);
    return [...new Set(chosen)];
}

/* Until when this entry may be looked at; by this page's own memory where the story does not say. */
const looks = new Map();

export function keepLook(receipt, until) {
    looks.set(receipt, Date.parse(until));
}

export function lookUntil(receipt, story) {
    return Date.parse(story.unmasked_until ?? '') || looks.get(receipt) || 0;
}

/* What else is to be known of what is shown. */
function remark(doc) {
    if (doc.cut)
        return note(t('document.limit'));
    if (doc.shortened)
        return note(t('document.shortened'));
    if (doc.same === true)
        return note(t('document.same'));
    return doc.same === false && h('p', { class: 'box warn' }, t('document.other'));
}

export class Panes {
    constructor(view, receipt, story, redraw) {
        this.view = view;
        this.receipt = receipt;
        this.sources = sourcesOf(story);
        this.chosen = firstChoice(this.sources);
        this.documents = new Map(); /* by what: a document, or the problem with it */
        this.whole = new Set();
        this.isMasked = story.masked !== false;
        this.until = this.isMasked ? 0 : lookUntil(receipt, story);
        this.redraw = redraw;
    }

    async load() {
        await Promise.all(this.chosen.map((what) => this.loadOne(what)));
    }

    async loadOne(what) {
        try {
            this.documents.set(what, await get(`entries/${segment(this.receipt)}/document`,
                { what }, { signal: this.view.signal }));
        } catch (error) {
            if (error.name === 'AbortError' || error.status === 401)
                throw error;
            this.documents.set(what, error);
        }
    }

    async choose(at, what) {
        this.chosen[at] = what;
        await this.reload(() => this.documents.has(what) || this.loadOne(what));
    }

    /* A session that ended meanwhile has led to the login already. */
    async reload(work) {
        try {
            await work();
            this.redraw();
        } catch (error) {
            this.view.fail(error);
        }
    }

    /** Whether the reader sees personal data now. */
    get isOpen() {
        return this.until > Date.now();
    }

    /* ---- unmasking ---- */

    async unmask() {
        const answer = await ask({
            title: t('unmask.title'),
            text: t('unmask.text'),
            fields: [reasonField()],
            action: t('unmask.action'),
            send: ({ reason }) => post(`entries/${segment(this.receipt)}/unmask`, { reason }),
        });
        if (!answer)
            return false;
        keepLook(this.receipt, answer.until);
        this.until = Date.parse(answer.until);
        this.isMasked = false;
        await this.renew();
        announce(t('unmask.done'));
        return true;
    }

    async renew() {
        this.documents.clear();
        await this.reload(() => this.load());
    }

    /** Counts the time down; when it is over the documents are masked again. */
    watch() {
        this.view.every(1000, async () => {
            const place = document.getElementById('unmask-left');
            if (this.isOpen && place)
                place.textContent = clock(this.until - Date.now());
            else if (this.until && !this.isOpen) {
                this.until = 0;
                this.isMasked = true;
                await this.renew();
                announce(t('unmask.over'));
            }
        });
    }

    /* ---- drawing ---- */

    drawMasking() {
        if (!this.isMasked && !this.until)
            return h('p', { class: 'box warn' }, t('unmask.opened'));
        if (this.isOpen)
            return h('p', { class: 'box warn' }, t('unmask.open'), ' ',
                h('b', { id: 'unmask-left', role: 'timer', 'data-own': true },
                    clock(this.until - Date.now())));
        return h('p', { class: 'box calm' }, t('unmask.masked'), ' ',
            button(t('unmask.button'), () => this.unmask()));
    }

    drawPane(what, at) {
        const name = `pane${at}`;
        const found = this.documents.get(what);
        const label = this.sources.find(([one]) => one === what)?.[1] ?? what;
        return h('div', { class: 'pane' },
            h('p', { class: 'field' }, h('label', { for: name }, t('document.pane', { at: at + 1 })),
                h('select', { id: name, onchange: (event) => this.choose(at, event.target.value) },
                    this.sources.map(([value, words]) =>
                        h('option', { value, selected: value === what }, words)))),
            this.drawContent(name, label, what, found));
    }

    drawContent(name, label, what, found) {
        if (!found)
            return note(t('document.loading'));
        if (found instanceof Error)
            return problemBox(found);
        return [remark(found), drawDocument(name, label, found, this.whole.has(what), () => {
            this.whole.add(what);
            this.redraw();
        })];
    }

    draw() {
        return section(t('document.title'), this.drawMasking(),
            h('div', { class: 'panes' }, this.chosen.map((what, at) => this.drawPane(what, at))));
    }

    /** Goes to a line of the original; false when it is not shown. */
    goTo(line) {
        const at = this.chosen.indexOf('original');
        if (at >= 0)
            goToLine(`pane${at}`, line);
    }
}
