/* SPDX-License-Identifier: Apache-2.0 */
/* Partners, and the gateway itself: how they are, and what an administrator may do. */
import { get, may, post, segment } from './api.js';
import { ask, reasonField } from './dialog.js';
import { announce, h } from './dom.js';
import { age, badge, button, card, cause, facts, note, section, table, when } from './parts.js';
import { bytes, number, t, word } from './text.js';

async function act(view, path, question) {
    const done = await ask({ ...question, send: (given) => post(path, given) });
    if (!done)
        return null;
    announce(t('done'));
    await view.again();
    return done;
}

/* ---- partners ---- */

function setPaused(view, one, name) {
    return act(view, `partners/${segment(one.partner)}/${name}`, {
        title: t(`partner.${name}.title`, one), text: t(`partner.${name}.text`),
        action: t(`partner.${name}`), fields: [reasonField()] });
}

async function test(view, one) {
    const answer = await ask({ title: t('partner.test.title', one), text: t('partner.test.text'),
        action: t('partner.test'),
        send: () => post(`partners/${segment(one.partner)}/test`) });
    if (answer)
        view.tests.set(one.partner, answer);
    if (answer)
        await view.redraw();
}

function outcome(answer) {
    return answer && h('p', { class: `box ${answer.reached ? 'good' : 'bad'}`, role: 'status' },
        t(answer.reached ? 'partner.reached' : 'partner.unreached', answer),
        answer.why && ` ${answer.why}`);
}

function partnerActions(view, one) {
    if (!may('administer') || one.by === 'none')
        return '–';
    const isPaused = one.state === 'paused';
    return h('div', { class: 'actions' },
        button(t(isPaused ? 'partner.resume' : 'partner.pause'),
            () => setPaused(view, one, isPaused ? 'resume' : 'pause')),
        one.by === 'push' && button(t('partner.test'), () => test(view, one)),
        outcome(view.tests.get(one.partner)));
}

const columns = (view) => [
    { label: t('field.partner'), cell: (one) => [h('span', { class: 'name' }, one.name),
        h('code', {}, one.partner)] },
    { label: t('partner.by'), cell: (one) => word('by', one.by) },
    { label: t('field.state'), cell: (one) => [badge(one.state), one.cause && cause(one)] },
    { label: t('count.waiting'), number: true, cell: (one) => one.waiting },
    { label: t('count.parked'), number: true, cell: (one) => one.parked },
    { label: t('count.dead'), number: true, cell: (one) => one.dead },
    { label: t('partner.oldest'), cell: (one) => age(one.oldest) },
    { label: t('partner.answer'), cell: (one) => age(one.last_answer) },
    { label: t('actions'), cell: (one) => partnerActions(view, one) },
];

/* ---- the gateway ---- */

function resumeStage(view, stage, ways) {
    return act(view, `${stage}/resume`, {
        title: t(`stage.${stage}.resume`), text: t(`stage.${stage}.resume.text`),
        action: t('partner.resume'),
        fields: [{ name: 'from', label: t('stage.from'), type: 'select', value: ways[0],
            options: ways.map((one) => [one, t(`stage.from.${one}`)]) }] });
}

function stage(view, name, one, ways) {
    return one && [t(`stage.${name}`), badge(one.state, 'stage'),
        one.why && one.state !== 'running' && h('div', { class: 'cause' }, h('span', {}, one.why)),
        one.state === 'held' && may('administer') &&
            button(t('partner.resume'), () => resumeStage(view, name, ways))];
}

function gatewayActions(view) {
    if (!may('administer'))
        return null;
    return h('div', { class: 'actions' },
        button(t('gateway.reload'), () => act(view, 'directory/reload', {
            title: t('gateway.reload'), text: t('gateway.reload.text'),
            action: t('gateway.reload') })),
        button(t('gateway.prune'), () => act(view, 'spool/prune', {
            title: t('gateway.prune'), text: t('gateway.prune.text'), isDanger: true,
            fields: [{ name: 'before', label: t('gateway.before'), type: 'date' }],
            action: t('gateway.prune') }), 'danger'));
}

function gateway(view, status) {
    const spool = status.spool ?? {};
    return section(t('gateway.title'), facts([
        [t('gateway.version'), status.version], [t('gateway.started'), when(status.started)],
        stage(view, 'publisher', status.publisher, ['kafka', 'spool']),
        stage(view, 'subscriber', status.subscriber, ['start', 'end']),
        [t('gateway.unpublished'), number(spool.unpublished)],
        [t('disk.spool'), bytes(spool.file_bytes)], [t('disk.free'), bytes(spool.free_bytes)],
        [t('gateway.partners'), number(status.directory?.partners)],
        [t('gateway.agencies'), number(status.directory?.agencies)],
    ]), gatewayActions(view));
}

export async function partners(view) {
    view.tests = new Map();
    let status = {};
    view.redraw = async () => {
        const answer = await get('partners', null, { signal: view.signal });
        status = await get('status', null, { signal: view.signal });
        const items = Array.isArray(answer) ? answer : answer.items ?? answer.partners ?? [];
        view.draw(t('menu.partners'), note(t('partner.text')),
            card(table(t('menu.partners'), columns(view), items, { key: (one) => one.partner })),
            gateway(view, status));
    };
    await view.redraw();
}
