-- SPDX-License-Identifier: Apache-2.0
-- wrk posts one handoff after another, each with a MessageId of its own and one of 4,000 dossiers.
-- The document comes from BENCH_BODY, where @MESSAGE@ stands for the id and @DOSSIER@ for five
-- digits; BENCH_RUN keeps the ids of one round apart from another's.
local file = assert(io.open(os.getenv("BENCH_BODY"), "rb"))
local body = file:read("*a")
file:close()

local MESSAGE_SIZE, DOSSIER_SIZE = 24, 5
local parts, size = {}, 0
local from = 1
for start, word, stop in body:gmatch("()@(%u+)@()") do
    parts[#parts + 1] = body:sub(from, start - 1)
    parts[#parts + 1] = word
    size = size + (start - from) + (word == "MESSAGE" and MESSAGE_SIZE or DOSSIER_SIZE)
    from = stop
end
parts[#parts + 1] = body:sub(from)
size = size + #body - from + 1

local head = "POST /v1/handoffs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/xml\r\n" ..
    "Authorization: Bearer " .. (os.getenv("BENCH_KEY") or "none") .. "\r\n" ..
    "Content-Length: " .. size .. "\r\n\r\n"
local run, count = os.getenv("BENCH_RUN"), 0
local pieces = {head}

function request()
    count = count + 1
    local message = string.format("W%s-%0" .. (MESSAGE_SIZE - #run - 2) .. "d", run, count)
    local dossier = string.format("%05d", count % 4000)
    for index, part in ipairs(parts) do
        pieces[index + 1] = part == "MESSAGE" and message or part == "DOSSIER" and dossier or part
    end
    return table.concat(pieces)
end
