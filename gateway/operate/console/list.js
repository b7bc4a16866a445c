/* SPDX-License-Identifier: Apache-2.0 */
/* A list with a cursor: more is added below what is there; rows may be chosen. */
import { get } from './api.js';
import { announce, h } from './dom.js';
import { button, note, table } from './parts.js';
import { number, t } from './text.js';

const ROUNDS = 20;

class List {
    constructor(view, options) {
        this.view = view;
        this.options = options;
        this.items = [];
        this.next = null;
        this.selection = new Set();
    }

    async load() {
        await this.add(null);
    }

    /* A part of a long list may hold nothing of what is looked for: then the next one is asked. */
    async add(after) {
        this.next = after;
        for (let round = 0; round < ROUNDS; round++) {
            const query = { ...this.options.query, after: this.next };
            const answer = await get(this.options.path, query, { signal: this.view.signal });
            this.items.push(...answer.items);
            this.next = answer.next ?? null;
            if (answer.items.length > 0 || this.next === null)
                break;
        }
        this.draw();
        if (after !== null)
            announce(t('list.shown', { count: number(this.items.length) }));
    }

    /** The first of them again, as by themselves: what was added below goes. */
    async renew() {
        const query = { ...this.options.query };
        const answer = await get(this.options.path, query,
            { signal: this.view.signal, isPoll: true });
        this.items = answer.items;
        this.next = answer.next ?? null;
        this.draw();
    }

    draw() {
        this.options.draw([this.drawChosen(), this.drawTable(), this.drawMore()], this.items);
    }

    drawTable() {
        const { label, columns, key, mark, empty } = this.options;
        const all = this.options.chosen ? [this.chooser(), ...columns] : columns;
        return table(label, all, this.items, { key, mark, empty });
    }

    drawMore() {
        if (!this.items.length && this.next === null)
            return null;
        return h('div', { class: 'more' },
            note(t('list.shown', { count: number(this.items.length) })),
            this.next !== null && button(t('list.more'), () => this.more()));
    }

    async more() {
        try {
            await this.add(this.next);
        } catch (error) {
            this.view.fail(error);
        }
    }

    /* ---- choosing ---- */

    chooser() {
        const { key } = this.options;
        return { label: t('list.choose'), cell: (item) => h('input', {
            type: 'checkbox', 'aria-label': t('list.choose.one', { name: key(item) }),
            onchange: (event) => this.choose(key(item), event.currentTarget.checked) }) };
    }

    choose(name, isChosen) {
        if (isChosen)
            this.selection.add(name);
        else
            this.selection.delete(name);
        this.draw();
    }

    drawChosen() {
        if (!this.options.chosen)
            return null;
        const count = this.selection.size;
        return h('div', { class: 'chosen' }, h('span', {}, t('list.chosen', { count })),
            h('button', { type: 'button', disabled: count === 0,
                onclick: () => this.options.chosen([...this.selection]) }, t('list.chosen.replay')));
    }
}

/**
 * {label, path, query, columns, key, mark, empty, chosen: (keys) => ..., draw: (part, items) => ...}
 */
export function list(view, options) {
    return new List(view, options);
}
