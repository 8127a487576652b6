"""Turn options and a profile into where descriptions are, where requests go, and how the network is talked to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from runner import api
from runner.cli.config import Profile
from runner.cli.options import WhereOptions, pairs
from runner.cli.profile import Setting
from runner.diagnostics import nearest
from runner.errors import UsageError
from runner.exchange import TransportFailure
from runner.plan.context import Options
from runner.plan.plan import OperationCall, Plan
from runner.plan.servers import refuse_variables
from runner.records import replace
from runner.shell.options import ClientCertificate, HttpOptions
from runner.shell.reach import REMEDY, Reach, allowance
from runner.shell.wire import authority, legal_url, place_of


def sources_of(options: WhereOptions, setting: Setting) -> api.Sources:
    """Read the options that say where descriptions and servers are; what is given by hand wins over the profile."""
    profile = setting.profile
    for root in options.source_root:
        if "://" not in root and not Path(root).is_dir():
            raise UsageError(f"--source-root {root}: there is no such folder")
    given = dict(pairs(options.server, "--server name=url"))
    for name, url in given.items():
        check_server(f"--server {name}", url)
    for name, url in profile.servers.items():
        check_server(f"profile '{profile.name}', server '{name}'", url)
    by_profile = {name: f"profile '{profile.name}'" for name in profile.servers if name not in given}
    variables = {**profile.server_vars, **dict(pairs(options.server_var, "--server-var name=value"))}
    return api.Sources(
        {**profile.source, **dict(pairs(options.source, "--source name=path"))},
        options.source_root,
        options.offline or setting.run.offline,
        http=_named(http_of(options, profile), (*given.values(), *profile.servers.values())),
        options=Options({**profile.servers, **given}, by_profile, variables),
        levels=setting.rules,
    )


def check_names(plans: Sequence[Plan], sources: api.Sources, options: WhereOptions) -> None:
    """Refuse options for a source or a server variable that no document has; a profile may serve others, too."""
    known = sorted({name for plan in plans for name, _ in plan.sources})
    for name, _ in (*pairs(options.server, ""), *pairs(options.source, "")):
        if name not in known:
            raise UsageError(f"there is no source '{name}'", f"sources there are: {', '.join(known)}")
    named = dict(pairs(options.server_var, ""))
    variables = sources.options.server_variables
    refuse_variables(plans, variables, optional=variables.keys() - named)


def slips(plans: Sequence[Plan], profile: Profile) -> Iterator[str]:
    """Say which names of a profile look like a source of the documents, spelled wrong: it serves others, too."""
    known = {name for plan in plans for name, _ in plan.sources}
    for name in dict.fromkeys((*profile.servers, *profile.source)):
        if name not in known and (meant := nearest(name, known)):
            yield f"profile '{profile.name}': there is no source '{name}': did you mean '{meant}'?"


def check_server(what: str, url: str) -> None:
    """Refuse what cannot be a base URL."""
    if isinstance(legal_url(url), TransportFailure) or urlsplit(url).port == 0:
        raise UsageError(f"{what}: '{url}' is not an http or https URL", "write http://host:port/base")
    if "{" in url:
        raise UsageError(f"{what}: a base URL has no variables", "write their values in their places")
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.username or parts.password:
        raise UsageError(f"{what}: a base URL has no user, query or fragment")


def http_of(options: WhereOptions, profile: Profile) -> HttpOptions:
    """Read the options of the network; refuse a file that cannot be read, or a proxy that cannot be one."""
    cacert = options.cacert or profile.cacert
    if cacert is not None:
        from runner.shell.trust import trusting  # loads OpenSSL: only where it is asked for

        trusting(cacert)
    proxy = options.proxy or profile.proxy
    if proxy is not None:
        proxy = proxy if "://" in proxy else f"http://{proxy}"
        _check_proxy(proxy)
    allowed = (*profile.allow_host, *options.allow_host)
    for each in allowed:
        allowance(each)
    insecure = frozenset(map(_host, options.insecure))
    return HttpOptions(verify=cacert or True, insecure=insecure, proxy=proxy, allow_hosts=allowed)


def _named(http: HttpOptions, urls: Iterable[str]) -> HttpOptions:
    """Note the servers that the user named: a document from the network may send there, and nowhere near them."""
    return replace(http, named=http.named | {authority(url) for url in urls})


def refuse_unreachable(plan: Plan, keys: Sequence[str], http: HttpOptions) -> None:
    """Refuse a document whose requests go where it may not send any, as far as this is known before one is sent."""
    for source, refusal in unreachable(plan, keys, http).values():
        why, _, option = refusal.partition(REMEDY)
        raise UsageError(f"{plan.document}: the requests of '{source}' go too far: {why}", f"allow it: {option}")


def unreachable(plan: Plan, keys: Sequence[str], http: HttpOptions) -> dict[str, tuple[str, str]]:
    """Give the servers, by their URLs, that may not be reached, each with its source and why not."""
    reach, found = Reach(api.judged(http, plan.document)), dict[str, tuple[str, str]]()
    for call in _calls(plan, keys):
        place = place_of(call.server)
        if not isinstance(place, TransportFailure) and (refusal := reach.foreseen(place.host, place.port)):
            found.setdefault(call.server, (call.source, refusal))
    return found


def _check_proxy(proxy: str) -> None:
    """Refuse what cannot be a proxy; its URL may hold a password and is not repeated."""
    if isinstance(legal_url(proxy), TransportFailure) or urlsplit(proxy).port == 0:
        raise UsageError("--proxy: this is not the URL of an http proxy", "write http://[user:password@]host:port")


def _host(text: str) -> str:
    """Spell a host (`name` or `name:port`) as connections are told apart by it."""
    if isinstance(legal_url(f"https://{text}/"), str) and not set(text) & set("/@?#*"):
        return text.lower().replace("[", "").replace("]", "").removesuffix(":443")
    raise UsageError(f"--insecure {text}: this is not the name of a host", "write HOST or HOST:PORT, without https://")


def certificate(cert: str | None, key: str | None) -> ClientCertificate | None:
    """Read `--cert FILE[:KEY]` and `--key`; refuse what cannot be used, such as a key locked by a passphrase."""
    if cert is None:
        if key is not None:
            raise UsageError("--key is the key of a certificate", "give that too: --cert FILE")
        return None
    file, colon, beside = cert.rpartition(":")
    if colon and len(file) > 1 and not Path(cert).exists():
        if key is not None:
            raise UsageError("--key and --cert FILE:KEY name two keys", "give one of them")
    else:
        file, beside = cert, key or ""
    import ssl

    from runner.shell.trust import show

    found = ClientCertificate(file, beside or None)
    show(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), found)
    return found


def shown_to(client: ClientCertificate, plans: Iterable[Plan]) -> ClientCertificate:
    """Show a certificate to the hosts of the APIs that are called, and of their token servers: to nobody else."""
    return replace(client, hosts=frozenset(_hosts(plans)))


def _calls(plan: Plan, keys: Sequence[str]) -> Iterator[OperationCall]:
    for workflow in plan.reachable(*keys):
        yield from (step.call for step in workflow.all_steps if isinstance(step.call, OperationCall))


def _hosts(plans: Iterable[Plan]) -> Iterator[str]:
    for call in (call for plan in plans for call in _calls(plan, tuple(plan.workflows))):
        yield _host_at(call.server)
        for scheme in call.operation.security_schemes.values():
            flows = scheme.get("flows")
            for flow in flows.values() if isinstance(flows, dict) else ():
                for url in flow.values() if isinstance(flow, dict) else ():
                    if isinstance(url, str) and url.startswith("https://"):
                        yield _host_at(url)


def _host_at(url: str) -> str:
    """Give the host that a URL names; an empty one, which is nobody's, where it names none."""
    place = place_of(url)
    return "" if isinstance(place, TransportFailure) else place.host
