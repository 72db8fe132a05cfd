-- Polls the documents of a file at random, each with its entity tag; see load.py.

local requests = {}
others = 0 -- answers other than 304; global, so that done() can read it

function init(args)
    for line in io.lines(args[1]) do
        local path, tag = line:match("^(%S+) (.+)$")
        local headers = { ["Accept-Encoding"] = "gzip", ["If-None-Match"] = tag }
        requests[#requests + 1] = wrk.format("GET", path, headers)
    end
end

function request()
    return requests[math.random(#requests)]
end

function response(status)
    if status ~= 304 then
        others = others + 1
    end
end

function setup(thread)
    only = thread -- wrk runs with one
end

function done()
    print("not 304: " .. only:get("others"))
end
