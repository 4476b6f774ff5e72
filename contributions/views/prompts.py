"""What a volunteer says of a prompt: not this one, something is wrong with it; and which feelings to leave out."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from contributions.api.sound import served
from contributions.asking import examples, wishes
from contributions.consenting.voices import voices_of
from contributions.forms.wishes import FeelingsForm, ReportForm, SkipForm
from contributions.models import Prompt
from contributions.views import words
from contributions.views.doors import speaking, voice_required


@voice_required
@never_cache
@require_POST
def skip(request: HttpRequest, prompt_id: str) -> HttpResponse:
    """Keep why the person does not want to say it; the studio fetches the next one by itself."""
    prompt = get_object_or_404(Prompt, pk=prompt_id)
    form = SkipForm(request.POST)
    if not form.is_valid():
        return HttpResponse(status=422)
    wishes.skip(prompt, voice=speaking(request), **form.said())
    return HttpResponse(status=204)


@voice_required
@never_cache
@require_safe
def example(request: HttpRequest, prompt_id: str) -> HttpResponseBase:
    """The sound of the prompt's example, for whoever did not speak it; that it was asked for is kept."""
    clip = examples.for_voices(prompt_id, voices_of(request))
    if clip is None:
        raise Http404
    answer = served(clip, request.headers.get("Range", ""))
    examples.keep_heard(prompt_id, speaking(request))
    return answer


@voice_required
@never_cache
@require_POST
def say_plainly(request: HttpRequest, style: str) -> HttpResponse:
    """Keep that the person left the manner out; the studio takes it off the card by itself."""
    try:
        wishes.leave_out(style, voice=speaking(request))
    except wishes.NotHeard as unknown:
        raise Http404 from unknown
    return HttpResponse(status=204)


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def report(request: HttpRequest, prompt_id: str) -> HttpResponse:
    """Say what is wrong with a prompt; works without a script."""
    prompt = get_object_or_404(Prompt, pk=prompt_id)
    form = ReportForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        wishes.report(prompt, voice=speaking(request), **form.cleaned_data)
        messages.success(request, _("Thank you. A curator will look at it, and you will not be asked for it again."))
        return redirect("studio")
    facts = {"form": form, "prompt": prompt, "feeling": words.feeling(prompt.emotion)}
    return render(request, "contribute/report_prompt.html", facts, status=422 if form.is_bound else 200)


@voice_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def feelings(request: HttpRequest) -> HttpResponse:
    """Choose which feelings, and which manners of speaking, one is never asked for."""
    contributor = speaking(request)
    # An empty answer is one, too: ask me for everything.
    said = request.POST if request.method == "POST" else None
    form = FeelingsForm(
        said,
        initial={"unwanted": contributor.unwanted_emotions, "plain": contributor.unwanted_styles},
        feelings=[(name, words.feeling(name).label) for name in wishes.avoidable()],
        manners=[(each.value, each.label) for each in words.wished_manners()],
    )
    if form.is_valid():
        unwanted, plain = form.cleaned_data["unwanted"], form.cleaned_data["plain"]
        wishes.avoid(contributor, unwanted, manners=plain, by=contributor.actor)
        messages.success(request, _("Saved. You can change it at any time."))
        return redirect("studio")
    return render(request, "contribute/feelings.html", {"form": form}, status=422 if form.is_bound else 200)
