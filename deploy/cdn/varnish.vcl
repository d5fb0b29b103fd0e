# Varnish in front of Spillway: keeps the answers of public models, by the hash of the request's body.
# Needs the vmods of the package varnish-modules (bodyaccess). docs/cdn.md says what to change.
# Only what the gateway marks with `s-maxage` or `public` is kept, nothing else.
vcl 4.1;

import std;
import bodyaccess;

backend spillway {
  .host = "127.0.0.1";
  .port = "4000";
  # Long streams are the rule: nothing here may cut them.
  .first_byte_timeout = 600s;
  .between_bytes_timeout = 120s;
}

sub vcl_recv {
  unset req.http.x-cdn-method;
  if (req.method != "GET" && req.method != "HEAD" && req.method != "POST") {
    return (pass);
  }
  if (req.method == "POST") {
    # Longer bodies are not looked up, and not kept: the body is held in memory until it is hashed and sent.
    if (std.integer(req.http.content-length, 0) <= 0 || std.integer(req.http.content-length, 0) > 262144) {
      return (pass);
    }
    if (!std.cache_req_body(256KB)) {
      return (pass);
    }
    # A stream is passed on: of what it means to keep, Varnish reads all although nobody listens any more, and somebody
    # pays for every token.
    if (bodyaccess.rematch_req_body({""stream"\s*:\s*true"}) == 1) {
      return (pass);
    }
    # Varnish fetches what it means to keep with GET: the method is put back below.
    set req.http.x-cdn-method = req.method;
  }
  # Who wants a new answer gets one, and it takes the old one's place.
  if (req.http.cache-control ~ "(?i)no-(cache|store)") {
    set req.hash_always_miss = true;
  }
  # Not the built-in rule, which passes whatever carries a credential: the gateway marks only answers that depend on none.
  return (hash);
}

sub vcl_hash {
  hash_data(req.http.x-cdn-method);
  hash_data(req.http.accept);
  hash_data(req.http.anthropic-version);
  if (req.http.x-cdn-method) {
    bodyaccess.hash_req_body();
  }
  # The built-in rules add the URL and the host.
}

sub vcl_backend_fetch {
  if (bereq.http.x-cdn-method) {
    set bereq.method = bereq.http.x-cdn-method;
    unset bereq.http.x-cdn-method;
  }
}

sub vcl_backend_response {
  # Without the gateway's explicit word for shared caches nothing is kept; Varnish's own default would keep two minutes.
  if (beresp.status != 200
      || beresp.http.cache-control !~ "(?i)(s-maxage|public)"
      || beresp.http.cache-control ~ "(?i)(private|no-store|no-cache)") {
    set beresp.uncacheable = true;
    # Others with the same question need not wait for this one to end.
    set beresp.ttl = 10s;
    return (deliver);
  }
  # Old answers rather than none.
  set beresp.grace = 0s;
  if (beresp.http.cache-control ~ "stale-while-revalidate=[0-9]+") {
    set beresp.grace = std.duration(regsub(beresp.http.cache-control, ".*stale-while-revalidate=([0-9]+).*", "\1") + "s", 0s);
  }
  # Kept longer for asking with If-None-Match.
  set beresp.keep = 10m;
  return (deliver);
}

sub vcl_deliver {
  if (obj.hits > 0) {
    set resp.http.x-cdn-cache = "HIT";
  } else {
    set resp.http.x-cdn-cache = "MISS";
  }
}
