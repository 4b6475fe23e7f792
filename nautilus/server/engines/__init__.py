"""The nine engines; each file reads as a table of contents.

An endpoint is: schema in, one call of the library, result out.

    router = engine_router("risk")

    @router.post("/check/{portfolio_id}", operation_id="check_limits")
    async def check(portfolio_id: PortfolioId, body: CheckRequest, deps: Deps) -> RiskCheck:
        portfolio = await deps.portfolios.resolve(portfolio_id, positions=body.to_positions())
        report = await deps.cpu.thread(check_limits, portfolio.positions, portfolio.limits)
        return answer(RiskCheck, report, function="nautilus.risk.check_limits")

`RiskCheck` is `Envelope[RiskCheckView]`, or `Envelope[RiskCheckView, RiskCheckMetadata]` with the
documented extras. A stream takes `response_class=EventSourceResponse`, yields `ServerSentEvent` and
ends when `deps.draining` is set. `health(deps)` is required; `opened(deps)` and `root_router` are
optional: see `nautilus.server.engine`.
"""
