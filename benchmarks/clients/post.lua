wrk.method = "POST"
wrk.body = '{"model":"m","messages":[{"role":"user","content":"Hello"}]}'
wrk.headers["content-type"] = "application/json"
