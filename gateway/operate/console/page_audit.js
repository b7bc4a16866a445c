/* SPDX-License-Identifier: Apache-2.0 */
/* The record of what people did: to look through, to check, to hand to an inspector. */
import { download, get } from './api.js';
import { announce, fragment, h, morph } from './dom.js';
import { list } from './list.js';
import {
    badge, button, exactly, field, hash, link, note, problemBox, route, routeWith, section,
    values,
} from './parts.js';
import { isoDay, number, t, word } from './text.js';

/* An object that has a page of its own leads there. */
function objectOf(one) {
    const [kind, ...rest] = String(one.object ?? '').split(':');
    const name = rest.join(':');
    const places = { entry: 'entries', delivery: 'deliveries', job: 'jobs' };
    if (name && places[kind] && !name.includes('/'))
        return link(route(places[kind], name), one.object);
    return one.object || '–';
}

const columns = () => [
    { label: t('audit.number'), number: true, cell: (one) => one.number },
    { label: t('field.at'), cell: (one) => exactly(one.at) },
    { label: t('audit.actor'), cell: (one) => [one.actor, one.address && [h('br'),
        h('span', { class: 'hint' }, one.address)]] },
    { label: t('audit.act'), cell: (one) => word('act', one.act) },
    { label: t('audit.object'), cell: objectOf },
    { label: t('field.reason'), cell: (one) => one.reason || '–' },
    { label: t('audit.outcome'), cell: (one) => badge(one.outcome, 'outcome') },
    { label: t('field.detail'), cell: (one) => (one.detail ? h('code', { class: 'long' },
        typeof one.detail === 'string' ? one.detail : JSON.stringify(one.detail)) : '–') },
    { label: t('audit.hash'), cell: (one) => hash(one.hash) },
];

function filterForm(filter) {
    const node = h('form', { class: 'filter', role: 'search', 'aria-label': t('menu.audit') },
        h('div', { class: 'fields' }, ['actor', 'act', 'object'].map((name) =>
            field({ name, label: t(`audit.${name}`), value: filter[name] })),
        field({ name: 'from', label: t('search.from'), type: 'date', value: filter.from }),
        field({ name: 'to', label: t('search.to'), type: 'date', value: filter.to })),
        h('div', { class: 'actions' },
            h('button', { type: 'submit', class: 'primary' }, t('search.action')),
            link('#/audit', t('search.clear'))));
    node.onsubmit = (event) => {
        event.preventDefault();
        location.hash = routeWith(['audit'], values(node));
    };
    return node;
}

/* ---- checking ---- */

async function verify(place, pressed) {
    pressed.disabled = true;
    morph(place, fragment(note(t('audit.verifying'))));
    try {
        const answer = await get('audit/verify');
        const { holds } = answer;
        morph(place, fragment(h('p', { class: `box ${holds ? 'good' : 'bad'}` },
            holds ? t('audit.holds', { count: number(answer.entries) })
                : [t('audit.broken', answer), ' ', answer.finding])));
    } catch (error) {
        morph(place, fragment(problemBox(error)));
    }
    pressed.disabled = false;
    announce(place.textContent);
}

/* What is no record must not be saved as one. */
async function save(place, form) {
    const pressed = form.querySelector('button');
    pressed.disabled = true;
    morph(place, fragment());
    try {
        await download('audit/export', values(form), 'application/jsonl', 'audit.jsonl');
    } catch (error) {
        morph(place, fragment(problemBox(error)));
    }
    pressed.disabled = false;
}

function checks() {
    const place = h('div', { class: 'verified' });
    const node = h('form', { class: 'filter export' },
        h('div', { class: 'fields' },
            field({ name: 'from', label: t('search.from'), type: 'date', value: isoDay(-30) }),
            field({ name: 'to', label: t('search.to'), type: 'date', value: isoDay(0) })),
        h('div', { class: 'actions' }, h('button', { type: 'submit' }, t('audit.export'))));
    node.onsubmit = (event) => {
        event.preventDefault();
        save(place, node);
    };
    return section(t('audit.checks'), note(t('audit.checks.text')),
        h('div', { class: 'actions' },
            button(t('audit.verify'), (event) => verify(place, event.currentTarget))),
        place, node);
}

export async function audit(view) {
    const filter = Object.fromEntries(view.query);
    const asked = filterForm(filter);
    const checked = checks();
    const found = list(view, {
        label: t('menu.audit'),
        path: 'audit',
        query: filter,
        columns: columns(),
        key: (one) => one.number,
        draw: (part) => view.draw(t('menu.audit'), checked, asked,
            section(t('audit.list'), part)),
    });
    await found.load();
}
