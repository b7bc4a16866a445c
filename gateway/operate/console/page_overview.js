/* SPDX-License-Identifier: Apache-2.0 */
/* How it goes, at a glance: asked anew every three seconds, and only what differs changes. */
import { poll } from './api.js';
import { bars, flowChart } from './chart.js';
import { h } from './dom.js';
import { age, badge, cause, facts, link, note, route, routeWith, section, table } from './parts.js';
import { bytes, moment, number, t, word } from './text.js';

const PAUSE_MS = 3000;

function tile(label, value, to, tone) {
    return h('li', { class: `tile ${value ? tone : ''}` },
        h('a', { href: to }, h('b', {}, number(value ?? 0)), h('span', {}, label)));
}

function tiles(data) {
    const { entries = {}, deliveries = {} } = data.waiting ?? {};
    return h('ul', { class: 'tiles' },
        tile(t('overview.overdue'), data.due?.overdue, routeWith(['search'], { due: 'overdue' }),
            'bad'),
        tile(t('overview.today'), data.due?.today, routeWith(['search'], { due: 'today' }), 'warn'),
        tile(t('overview.dead.entries'), entries.dead, route('failures'), 'bad'),
        tile(t('overview.dead.deliveries'), deliveries.dead,
            routeWith(['deliveries'], { state: 'dead' }), 'bad'),
        tile(t('overview.parked'), (entries.parked ?? 0) + (deliveries.parked ?? 0),
            routeWith(['search'], { state: 'parked' }), 'warn'));
}

/* ---- what waits ---- */

const TONE = { dead: 'bad', parked: 'warn' };

function waitingRows(counts, group) {
    return Object.entries(counts ?? {}).filter(([, value]) => typeof value === 'number').map(
        ([state, value]) => ({ key: `${group}.${state}`, value, tone: TONE[state] ?? 'calm',
            label: `${t(`overview.${group}`)}: ${word('state', state)}` }));
}

function waiting(data) {
    return section(t('overview.waiting'), bars([
        ...waitingRows(data.waiting?.entries, 'entries'),
        ...waitingRows(data.waiting?.deliveries, 'deliveries')]));
}

/* ---- why ---- */

function failures(data) {
    return section(t('overview.failures'), table(t('overview.failures'), [
        { label: t('failure.cause'), cell: (one) => link(route('failures', one.fingerprint),
            one.cause_text ?? one.cause) },
        { label: t('field.partner'), cell: (one) => one.partner ?? '–' },
        { label: t('failure.count'), number: true, cell: (one) => one.count },
        { label: t('failure.behind'), number: true, cell: (one) => one.parked_behind },
        { label: t('failure.oldest'), cell: (one) => age(one.oldest) },
    ], data.failures ?? [], { key: (one) => one.fingerprint, empty: t('failures.none') }),
    link('#/failures', t('overview.all')));
}

function partners(data) {
    return section(t('overview.partners'), table(t('overview.partners'), [
        { label: t('field.partner'), cell: (one) => [h('span', { class: 'name' }, one.name),
            h('code', {}, one.partner)] },
        { label: t('field.state'), cell: (one) => [one.state ? badge(one.state) : '–',
            one.silent && [' ', badge('silent')]] },
        { label: t('count.waiting'), number: true, cell: (one) => one.waiting ?? 0 },
        { label: t('count.dead'), number: true, cell: (one) => one.dead ?? 0 },
        { label: t('partner.oldest'), cell: (one) => age(one.oldest) },
        { label: t('partner.received'), cell: (one) => age(one.last_received) },
    ], data.partners ?? [], { key: (one) => one.partner }), link('#/partners', t('overview.all')));
}

function stage(name, one) {
    return one && [t(`stage.${name}`), badge(one.state, 'stage'),
        one.why && one.state !== 'running' && h('div', { class: 'cause' }, h('span', {}, one.why))];
}

function proof(holds, finding) {
    return holds ? badge('done', 'verdict') : [badge('mismatch', 'verdict'), ' ', finding];
}

function stages(data) {
    const { publisher, subscriber } = data.stages ?? {};
    const disk = data.disk ?? {};
    const { proofs } = data;
    return section(t('overview.stages'), facts([
        stage('publisher', publisher), stage('subscriber', subscriber),
        [t('disk.free'), bytes(disk.free_bytes)], [t('disk.spool'), bytes(disk.file_bytes)],
        proofs && [link('#/reconciliation', t('menu.reconciliation')), proof(proofs.mismatches === 0,
            t('reconcile.wrong', { count: number(proofs.mismatches) }))],
        proofs && [link('#/audit', t('menu.audit')), proof(proofs.audit_holds,
            proofs.audit_finding)],
    ]), note(t('overview.now', { moment: moment(data.now) })));
}

function draw(view, data) {
    view.draw(t('menu.overview'),
        tiles(data),
        h('div', { class: 'grid two' },
            section(t('flow.title'), flowChart(data.flow ?? [])), waiting(data)),
        h('div', { class: 'grid two' }, failures(data), stages(data)),
        partners(data));
}

export async function overview(view) {
    let etag = null;
    async function load() {
        const answer = await poll('overview', etag, view.signal);
        etag = answer.etag;
        if (answer.data)
            draw(view, answer.data);
    }
    await load();
    view.every(PAUSE_MS, load);
}
