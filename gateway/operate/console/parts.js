/* SPDX-License-Identifier: Apache-2.0 */
/* What pages are made of. */
import { h } from './dom.js';
import { ago, isPast, minute, moment, number, t, word } from './text.js';

/** Adds what the path cannot hold as it is. */
export const link = (to, ...children) => h('a', { href: to }, ...children);

export function route(...segments) {
    return `#/${segments.map(encodeURIComponent).join('/')}`;
}

/** The same with a query. */
export function routeWith(segments, query) {
    const pairs = Object.entries(query).filter(([, value]) => value);
    const text = new URLSearchParams(pairs).toString();
    return route(...segments) + (text ? `?${text}` : '');
}

/* ---- states ---- */

const TONES = {
    published: 'good', delivered: 'good', accepted: 'calm', waiting: 'calm', parked: 'warn',
    dead: 'bad', discarded: 'dim', up: 'good', down: 'bad', probing: 'warn', paused: 'warn',
    running: 'good', held: 'bad', starting: 'calm', done: 'good', previewed: 'warn',
    collecting: 'calm', stopped: 'bad', cancelled: 'dim', refused: 'bad', proposed: 'warn',
    approved: 'good', applied: 'good', withdrawn: 'dim', failed: 'bad', open: 'bad',
    closed: 'good', would_pass: 'good', would_fail: 'bad', stale: 'warn', silent: 'warn', new: 'warn',
    mismatch: 'bad', mailbox: 'calm', pending: 'calm', skipped: 'dim',
};
const MARKS = { good: '●', calm: '◐', warn: '▲', bad: '■', dim: '○' };

/** A state in words, with a mark that needs no colour to be told from others. */
export function badge(state, group = 'state') {
    const code = String(state ?? '').toLowerCase();
    const tone = TONES[code] ?? 'calm';
    return h('span', { class: `badge ${tone}` }, h('span', { 'aria-hidden': 'true' }, MARKS[tone]),
        ' ', word(group, code));
}

/* ---- times ---- */

export function when(value) {
    if (!value)
        return '–';
    return h('time', { datetime: value, title: ago(value) }, minute(value));
}

/** To the second. */
export function exactly(value) {
    return value ? h('time', { datetime: value, title: ago(value) }, moment(value)) : '–';
}

/** How long ago, the moment itself on a second line. */
export function age(value) {
    if (!value)
        return '–';
    return h('time', { datetime: value, title: moment(value) }, ago(value));
}

/* What went where it had to is late no more. */
const OVER = ['published', 'delivered', 'discarded'];

/** A due date; one that is past says so in words while it matters. */
export function due(value, state) {
    if (!value)
        return '–';
    return isPast(value) && !OVER.includes(state)
        ? h('span', { class: 'late' }, minute(value), ' ', h('b', {}, t('due.overdue')))
        : when(value);
}

/* ---- what is said ---- */

/** A box with what was refused and why. */
export function problemBox(problem) {
    const list = problem.body?.problems;
    return h('div', { class: 'box bad', role: 'alert' },
        h('p', {}, h('strong', {}, problem.title ?? problem.message)),
        problem.detail && h('p', {}, problem.detail),
        Array.isArray(list) && h('ul', {}, list.map((one) =>
            h('li', {}, typeof one === 'string' ? one : one.detail ?? one.path))));
}

export const note = (...children) => h('p', { class: 'note' }, ...children);

export const code = (text) => h('code', {}, text ?? '–');

/** A hash, of which the beginning is enough to look at. */
export function hash(text) {
    return text ? h('code', { class: 'hash', title: text }, `${text.slice(0, 10)}…`) : '–';
}

/** A receipt: long, so that it may break anywhere. */
export const long = (text) => h('span', { class: 'long' }, text ?? '–');

/** What an entry or a delivery failed of: words first, the code for who knows it below. */
export function cause(item) {
    if (!item.cause && !item.cause_text)
        return '–';
    return h('div', { class: 'cause' },
        item.cause_text && h('span', {}, item.cause_text),
        item.cause && h('code', {}, item.cause));
}

/** The same in lists, where what once failed and is over needs no advice any more. */
export const causeNow = (item) => (OVER.includes(item.state) ? '–' : cause(item));

/** [[label, value], ...] */
export function facts(rows) {
    return h('dl', { class: 'facts' }, rows.filter(Boolean).map(([label, ...value]) =>
        h('div', {}, h('dt', {}, label), h('dd', {}, value))));
}

/** The same without a title, for the one list of a page. */
export const card = (...children) => h('section', { class: 'card' }, ...children);

export function section(title, ...children) {
    return h('section', { class: 'card' }, h('h2', {}, title), ...children);
}

/** The page's title, and what can be done beside it. */
export function heading(title, ...actions) {
    const shown = actions.flat().filter(Boolean);
    return h('div', { class: 'heading' }, h('h1', { tabindex: '-1' }, title),
        shown.length > 0 && h('div', { class: 'actions' }, shown));
}

export function button(label, onclick, kind) {
    return h('button', { type: 'button', class: kind, onclick }, label);
}

/* ---- tables ---- */

/**
 * columns: [{label, cell: (item) => child, number: true}].  Narrow screens show a card for each
 * row; the roles keep it a table for who listens.
 */
export function table(label, columns, items, options = {}) {
    if (!items.length)
        return note(options.empty ?? t('list.empty'));
    const head = columns.map((column) => h('th', {
        role: 'columnheader', scope: 'col', class: column.number && 'number' }, column.label));
    return h('div', { class: 'scroll', tabindex: '0', role: 'group', 'aria-label': label },
        h('table', { role: 'table', 'aria-label': label },
            h('thead', { role: 'rowgroup' }, h('tr', { role: 'row' }, head)),
            h('tbody', { role: 'rowgroup' }, items.map((item) => row(columns, item, options)))));
}

function cell(column, value) {
    return h('td', { role: 'cell', 'data-label': column.label, class: column.number && 'number' },
        h('div', {}, typeof value === 'number' ? number(value) : value));
}

function row(columns, item, options) {
    return h('tr', { role: 'row', 'data-key': options.key?.(item), class: options.mark?.(item) },
        columns.map((column) => cell(column, column.cell(item))));
}

/* ---- fields ---- */

let fieldNames = 0;

/** {name, label, type, value, required, options: [[value, label]], hint, autocomplete} */
export function field(spec) {
    fieldNames += 1;
    const id = `f${fieldNames}`;
    const hint = spec.hint && h('span', { class: 'hint', id: `${id}-hint` }, spec.hint);
    const common = { id, name: spec.name, required: spec.required,
        'aria-describedby': hint && `${id}-hint`, autocomplete: spec.autocomplete ?? 'off' };
    if (spec.type === 'checkbox')
        return h('p', { class: 'field check' },
            h('input', { ...common, type: 'checkbox', checked: spec.value }),
            h('label', { for: id }, spec.label), hint);
    return h('p', { class: 'field' },
        h('label', { for: id }, spec.label, spec.required && h('span', { class: 'must' }, ' *')),
        input(spec, common), hint);
}

function input(spec, common) {
    if (spec.type === 'select')
        return h('select', common, spec.options.map(([value, label]) =>
            h('option', { value, selected: value === (spec.value ?? '') }, label)));
    if (spec.type === 'textarea')
        return h('textarea', { ...common, rows: spec.rows ?? 3, maxlength: spec.most },
            spec.value ?? '');
    return h('input', { ...common, type: spec.type ?? 'text', value: spec.value, min: spec.min,
        max: spec.max, step: spec.step, maxlength: spec.most, spellcheck: 'false' });
}

/** What a form holds: texts without blanks around them, but for passwords; checkboxes as booleans,
 * numbers as numbers; empty ones left out. */
export function values(form) {
    const found = {};
    for (const element of form.elements) {
        if (!element.name)
            continue;
        const text = element.type === 'password' ? element.value : element.value.trim();
        if (element.type === 'checkbox')
            found[element.name] = element.checked;
        else if (text !== '')
            found[element.name] = element.type === 'number' ? Number(text) : text;
    }
    return found;
}
