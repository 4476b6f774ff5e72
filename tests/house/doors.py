"""Every door of the site and who passes it: the expected answers, one line a door.

Anon has not signed in. Gina is a guest with a code, and gave a clip. Otto and Vera contribute, Milo and Mona moderate, Cleo curates. Vera and Milo gave a clip each;
Milo has a turn on Vera's, and has rated another of hers, for which there is a suggestion; Mona has done nothing yet.

An answer is a status, `sign-in` for being sent there, `>name` for being sent to another door, or `"` for the answer
that the person before got. A subject says whose thing the address names: `test_doors.py` makes them all.
"""

DOORS = """
door                                 subject        method  anon       gina     otto     vera     milo     mona     cleo

home                                 -              GET     200      200      200      200      200      200      200
privacy                              -              GET     200      200      200      200      200      200      200
terms                                -              GET     200      200      200      200      200      200      200
retention                            -              GET     200      200      200      200      200      200      200
machine-notice                       -              GET     200      200      200      200      200      200      200
coverage                             -              GET     200      200      200      200      200      200      200
try                                  -              GET     200      200      200      200      200      200      200
try                                  -              POST    422      422      422      422      422      422      422
help-microphones                     -              GET     200      200      200      200      200      200      200
help-microphone                      a-problem      GET     200      200      200      200      200      200      200
help-microphone                      no-problem     GET     404      404      404      404      404      404      404
healthz                              -              GET     200      200      200      200      200      200      200
readyz                               -              GET     200      200      200      200      200      200      200
metrics                              -              GET     404      404      404      404      404      404      404
tombstones                           -              GET     200      200      200      200      200      200      200
tombstones-csv                       -              GET     200      200      200      200      200      200      200
datasets                             -              GET     200      200      200      200      200      200      200
dataset                              a-dataset      GET     200      200      200      200      200      200      200
dataset                              hidden-dataset GET     404      404      404      404      404      404      404
dataset                              training-set   GET     404      404      404      404      404      404      404
dataset-plot                         a-dataset-plot GET     200      200      200      200      200      200      200
dataset-plot                         no-dataset-plot GET    404      404      404      404      404      404      404
dataset-sheet                        a-sheet        GET     200      200      200      200      200      200      200
dataset-sheet                        no-sheet       GET     404      404      404      404      404      404      404
dataset-terms                        a-dataset      POST    sign-in  sign-in  >dataset "       "        "        "
dataset-terms                        hidden-dataset POST    sign-in  sign-in  404      404      404      404      404
dataset-file                         a-paper        GET     200      200      200      200      200      200      200
dataset-file                         a-shard        GET     sign-in  sign-in  >dataset 200      >dataset "        "
dataset-file                         no-file        GET     404      404      404      404      404      404      404
dataset-file                         hidden-shard   GET     404      404      404      404      404      404      404
dataset-file                         training-shard GET     404      404      404      404      404      404      404
dataset-mail                         vera's-copies  GET     200      200      200      200      200      200      200
dataset-mail                         vera's-copies  POST    200      200      200      200      200      200      200
dataset-mail                         no-copies      GET     404      404      404      404      404      404      404
releases                             -              GET     sign-in  sign-in  403      403      403      403      200
releases                             -              POST    sign-in  sign-in  403      403      403      403      >releases
release                              a-dataset      GET     sign-in  sign-in  403      403      403      403      200
release                              hidden-dataset GET     sign-in  sign-in  403      403      403      403      200
release                              training-set   GET     sign-in  sign-in  403      403      403      403      404
release-publication                  hidden-dataset POST    sign-in  sign-in  403      403      403      403      >release
release-publication                  training-set   POST    sign-in  sign-in  403      403      403      403      404
release-plot                         hidden-plot    GET     sign-in  sign-in  403      403      403      403      200
release-sheet                        hidden-sheet   GET     sign-in  sign-in  403      403      403      403      200
public-key                           -              GET     200      200      200      200      200      200      200
model-key                            -              GET     200      200      200      200      200      200      200
model-key-named                      no-key         GET     404      404      404      404      404      404      404
set_language                         -              GET     >home    >home    >home    >home    >home    >home    >home
set_language                         -              POST    >home    >home    >home    >home    >home    >home    >home

service-worker                       -              GET     200      200      200      200      200      200      200
web-manifest                         -              GET     200      200      200      200      200      200      200
offline                              -              GET     200      200      200      200      200      200      200
upcoming-prompts                     -              GET     >take-part 200      200      200      200      200      200

choose-language                      -              GET     200      200      200      200      200      200      200
choose-language                      -              POST    >consent >studio  >consent >studio  "        >consent "
take-part                            -              GET     200      >choose-language "     "        "        "        "
take-part                            -              POST    >choose-language "     "        "        "        "        "
guest                                -              GET     200      200      200      200      200      200      200
guest                                -              POST    422      422      422      422      422      422      422
guest-code                           -              GET     404      200      404      404      404      404      404
guest-code                           -              POST    404      >guest-code 404   404      404      404      404
guest-code-file                      -              GET     404      200      404      404      404      404      404
guest-claim                          -              POST    sign-in  sign-in  422      422      422      422      422
guest-leave                          -              POST    >home    >home    >home    >home    >home    >home    >home
consent                              -              GET     >take-part 200      200      200      200      200      200
consent                              -              POST    >take-part 200      200      200      200      200      200
receipt                              -              GET     >take-part 200      >consent 200      200      >consent "
receipt-json                         -              GET     >take-part 200      404      200      200      404      404
about-me                             -              GET     >take-part 200      200      200      200      200      200
about-me                             -              POST    >take-part 403      403      403      403      403      403
variety                              -              GET     >take-part >choose-language "     "        "        "        "
variety                              -              POST    >take-part >choose-language "     "        "        "        "
studio                               -              GET     >take-part >choose-language "       "        "        "        "
prompt-skip                          a-prompt       POST    >take-part 204      204      204      204      204      204
prompt-skip                          no-prompt      POST    >take-part 404      404      404      404      404      404
prompt-report                        a-prompt       GET     >take-part 200      200      200      200      200      200
prompt-report                        a-prompt       POST    >take-part >studio  "        "        "        "        "
prompt-report                        no-prompt      GET     >take-part 404      404      404      404      404      404
prompt-example                       a-prompt       GET     >take-part 404      404      404      404      404      404
prompt-example                       no-prompt      GET     >take-part 404      404      404      404      404      404
style-skip                           a-manner       POST    >take-part 204      204      204      204      204      204
style-skip                           no-manner      POST    >take-part 404      404      404      404      404      404
feelings                             -              GET     >take-part 200      200      200      200      200      200
feelings                             -              POST    >take-part >studio  "        "        "        "        "
session-end                          -              GET     >take-part >my-clips "        "       "        "        "
session-end                          -              POST    >take-part >my-clips "        "       "        "        "
goal                                 -              POST    >take-part >my-clips "        "       "        "        "
unsubscribe                          vera's-mail    GET     200      200      200      200      200      200      200
unsubscribe                          vera's-mail    POST    200      200      200      200      200      200      200
unsubscribe                          bad-word       GET     404      404      404      404      404      404      404
withdrawal-of-all                    -              GET     >take-part 200      200      200      200      200      200
withdrawal-of-all                    -              POST    >take-part >my-clips "        "       "        "        "
withdrawal-of-day                    today          GET     >take-part 200      404      200      200      404      404
withdrawal-of-day                    today          POST    >take-part >my-clips 404      >my-clips "       404      404
withdrawal-of-day                    no-day         GET     >take-part 404      404      404      404      404      404
withdrawal-of-day                    no-day         POST    >take-part 404      404      404      404      404      404
purpose-withdrawal                   training       GET     >take-part 200      200      200      200      200      200
purpose-withdrawal                   training       POST    >take-part >my-clips "        "       "        "        "
purpose-withdrawal                   no-purpose     GET     >take-part 404      404      404      404      404      404
purpose-withdrawal                   no-purpose     POST    >take-part 404      404      404      404      404      404
export                               -              GET     >take-part 405      405      405      405      405      405
export                               -              POST    >take-part 200      200      200      200      200      200
delete-account                       -              GET     >take-part 200      200      200      200      200      200
delete-account                       -              POST    >take-part 200      200      200      200      200      200
my-clips                             -              GET     >take-part 200      200      200      200      200      200

review                               -              GET     301      301      301      301      301      301      301
listen                               -              GET     sign-in  sign-in  >tutorials "      200      200      200
listen                               -              POST    sign-in  sign-in  >tutorials "      >listen  "        "
listen-next                          -              POST    sign-in  sign-in  204      204      200      200      200
listen-undo                          -              POST    sign-in  sign-in  >listen  "        >listen-turn >listen >listen
listen-turn                          milo's-turn    GET     sign-in  sign-in  404      404      200      404      404
listen-heard                         milo's-turn    POST    sign-in  sign-in  404      404      >listen  404      404
listen-rating                        milo's-turn    POST    sign-in  sign-in  404      404      422      404      404
listen-skip                          milo's-turn    POST    sign-in  sign-in  404      404      >listen  404      404
listen-step                          milo's-rating  GET     sign-in  sign-in  404      404      200      404      404
listen-step                          milo's-rating  POST    sign-in  sign-in  404      404      >listen-step 404  404

tutorials                            -              GET     200      200      200      200      200      200      200
tutorial                             in-polish      GET     200      200      200      200      200      200      200
tutorial                             in-no-language GET     404      404      404      404      404      404      404
tutorial-example                     in-polish      GET     sign-in  sign-in  >tutorial "       "        "        "
tutorial-example                     in-polish      POST    sign-in  sign-in  >tutorial "       "        "        "
tutorial-example                     in-english     GET     sign-in  sign-in  200      200      200      200      200
tutorial-example                     in-english     POST    sign-in  sign-in  422      422      422      422      422
tutorial-answer                      otto's-answer  GET     sign-in  sign-in  200      404      404      404      404

listen-me                            -              GET     sign-in  sign-in  200      200      200      200      200
raters                               -              GET     sign-in  sign-in  403      403      200      200      200
rater                                listener-milo  GET     sign-in  sign-in  403      403      >listen-me 200    200
rater                                listener-otto  GET     sign-in  sign-in  403      403      404      404      404
rater-answers                        listener-milo  GET     sign-in  sign-in  403      403      200      200      200
rater-answers                        listener-otto  GET     sign-in  sign-in  403      403      404      404      404
answer-voiding                       milo's-answer  GET     sign-in  sign-in  403      403      404      404      404
answer-voiding                       milo's-answer  POST    sign-in  sign-in  403      403      404      404      404
rater-voiding                        listener-milo  GET     sign-in  sign-in  403      403      403      403      200
rater-voiding                        listener-milo  POST    sign-in  sign-in  403      403      403      403      422
rater-voiding                        listener-otto  GET     sign-in  sign-in  403      403      403      403      404
rater-pause                          listener-milo  POST    sign-in  sign-in  403      403      403      403      >rater
rater-pause                          listener-otto  POST    sign-in  sign-in  403      403      403      403      404

moderate                             -              GET     sign-in  sign-in  403      403      200      200      200
backlog                              -              GET     sign-in  sign-in  403      403      200      200      200
moderate-reports                     -              GET     sign-in  sign-in  403      403      200      200      200
moderate-bulk                        -              POST    sign-in  sign-in  403      403      422      422      422
moderate-bulk-verdicts               -              POST    sign-in  sign-in  403      403      422      422      422
own-reports                          -              GET     sign-in  sign-in  200      200      200      200      200
figures                              -              GET     sign-in  sign-in  403      403      200      200      200
figure-plot                          a-figure       GET     sign-in  sign-in  403      403      200      200      200
figure-plot                          no-figure      GET     sign-in  sign-in  403      403      404      404      404
figure-plot                          no-tongue      GET     sign-in  sign-in  403      403      404      404      404
figure-table                         a-figure       GET     sign-in  sign-in  403      403      200      200      200
figure-table                         no-figure      GET     sign-in  sign-in  403      403      404      404      404
figure-table                         no-tongue      GET     sign-in  sign-in  403      403      404      404      404

runs                                 -              GET     sign-in  sign-in  403      403      403      403      200
runs                                 -              POST    sign-in  sign-in  403      403      403      403      >runs
run                                  a-run          GET     sign-in  sign-in  403      403      403      403      200
run                                  no-run         GET     sign-in  sign-in  403      403      403      403      404
run-new                              -              GET     sign-in  sign-in  403      403      403      403      200
run-plot                             a-curve        GET     sign-in  sign-in  403      403      403      403      200
run-plot                             no-curve       GET     sign-in  sign-in  403      403      403      403      404
run-pause                            a-run          POST    sign-in  sign-in  403      403      403      403      >run
run-pause                            no-run         POST    sign-in  sign-in  403      403      403      403      404
run-resumption                       a-run          POST    sign-in  sign-in  403      403      403      403      >run
run-cancellation                     a-run          POST    sign-in  sign-in  403      403      403      403      >run
training-schedule                    -              GET     sign-in  sign-in  403      403      403      403      200
training-schedule                    -              POST    sign-in  sign-in  403      403      403      403      422
run-gate                             a-run          GET     sign-in  sign-in  403      403      403      403      404
run-approval                         a-run          POST    sign-in  sign-in  403      403      403      403      >run
models                               -              GET     200      200      200      200      200      200      200
model                                a-model        GET     200      200      200      200      200      200      200
model                                no-model       GET     404      404      404      404      404      404      404
model-file                           a-card         GET     200      200      200      200      200      200      200
model-file                           no-card        GET     404      404      404      404      404      404      404
checkpoints                          -              GET     sign-in  sign-in  403      403      403      403      200
checkpoint                           a-model        GET     sign-in  sign-in  403      403      403      403      200
checkpoint                           no-model       GET     sign-in  sign-in  403      403      403      403      404
checkpoint-crown                     a-model        GET     sign-in  sign-in  403      403      403      403      200
checkpoint-crown                     a-model        POST    sign-in  sign-in  403      403      403      403      422
checkpoint-crown                     no-model       POST    sign-in  sign-in  403      403      403      403      404
checkpoint-retraction                a-model        GET     sign-in  sign-in  403      403      403      403      200
checkpoint-retraction                a-model        POST    sign-in  sign-in  403      403      403      403      422
checkpoint-retraction                no-model       POST    sign-in  sign-in  403      403      403      403      404
rules                                -              GET     sign-in  sign-in  403      403      403      403      200
rule                                 a-rule         GET     sign-in  sign-in  403      403      403      403      200
rule                                 a-rule         POST    sign-in  sign-in  403      403      403      403      >rules
rule                                 no-rule        GET     sign-in  sign-in  403      403      403      403      404
rule                                 no-rule        POST    sign-in  sign-in  403      403      403      403      404
prompts                              -              GET     sign-in  sign-in  403      403      403      403      200
gold                                 -              GET     sign-in  sign-in  403      403      403      403      200
prompt-offering                      a-prompt       POST    sign-in  sign-in  403      403      403      403      >prompts
prompt-offering                      no-prompt      POST    sign-in  sign-in  403      403      403      403      404
prompt-example-choice                a-prompt       GET     sign-in  sign-in  403      403      403      403      200
prompt-example-choice                a-prompt       POST    sign-in  sign-in  403      403      403      403      >prompt-example-choice
prompt-example-choice                no-prompt      GET     sign-in  sign-in  403      403      403      403      404
languages                            -              GET     sign-in  sign-in  403      403      200      200      200
language                             polish         GET     sign-in  sign-in  403      403      200      200      200
language                             no-language    GET     sign-in  sign-in  403      403      404      404      404
language-listeners                   polish         POST    sign-in  sign-in  403      403      403      403      >language
language-listeners                   no-language    POST    sign-in  sign-in  403      403      403      403      404
language-speaker                     polish         POST    sign-in  sign-in  403      403      >language "       "
language-speaker                     no-language    POST    sign-in  sign-in  403      403      404      404      404
language-state                       polish         POST    sign-in  sign-in  403      403      >language "       "
language-state                       no-language    POST    sign-in  sign-in  403      403      404      404      404
sentence-confirmation                a-sentence     POST    sign-in  sign-in  403      403      >language "       "
sentence-repair                      a-sentence     POST    sign-in  sign-in  403      403      >language "       "
invitations                          -              GET     sign-in  sign-in  403      403      403      403      200
invitations                          -              POST    sign-in  sign-in  403      "        "        "        >invitations
moderator                            a-moderator    GET     sign-in  sign-in  403      403      403      403      200
moderator                            a-moderator    POST    sign-in  sign-in  403      403      403      403      >invitations
moderator                            no-moderator   POST    sign-in  sign-in  403      403      403      403      404

invitation                           good-word      GET     200      200      200      200      200      200      200
invitation                           good-word      POST    403      403      >home    >home    >home    >home    >home
invitation                           bad-word       GET     410      410      410      410      410      410      410
invitation                           bad-word       POST    410      410      410      410      410      410      410
sign-in                              good-word      GET     200      200      200      200      200      200      410
sign-in                              good-word      POST    >home    >home    >home    >home    >home    >home    410
sign-in                              bad-word       GET     410      410      410      410      410      410      410
sign-in                              bad-word       POST    410      410      410      410      410      410      410

account_login                        -              GET     200      200      >home    >home    >home    >home    >home
account_signup                       -              GET     200      200      >home    >home    >home    >home    >home
account_logout                       -              GET     >home    >home    200      200      200      200      200
account_logout                       -              POST    >home    >home    >home    >home    >home    >home    >home
account_inactive                     -              GET     200      200      200      200      200      200      200
account_reauthenticate               -              GET     sign-in  sign-in  200      200      200      200      200
account_email                        -              GET     sign-in  sign-in  200      200      200      200      200
account_email                        -              POST    sign-in  sign-in  >account_email "        "        "        "
tokens                               -              GET     sign-in  sign-in  200      200      200      200      200
tokens                               -              POST    sign-in  sign-in  200      200      200      200      200
token-revocation                     vera's-token   POST    sign-in  sign-in  404      >tokens  404      404      404

mfa_index                            -              GET     sign-in  sign-in  200      200      200      200      200
mfa_activate_totp                    -              GET     sign-in  sign-in  >account_reauthenticate " " "      "
mfa_activate_totp                    -              POST    sign-in  sign-in  >account_reauthenticate " " "      "
mfa_authenticate                     -              GET     sign-in  sign-in  >home    >home    >home    >home    >home
mfa_authenticate                     -              POST    sign-in  sign-in  >home    >home    >home    >home    >home
mfa_reauthenticate                   -              GET     sign-in  sign-in  >account_reauthenticate " " "      "
mfa_reauthenticate                   -              POST    sign-in  sign-in  >account_reauthenticate " " "      "
mfa_deactivate_totp                  -              GET     sign-in  sign-in  404      404      404      404      404
mfa_deactivate_totp                  -              POST    sign-in  sign-in  404      404      404      404      404
mfa_view_recovery_codes              -              GET     sign-in  sign-in  404      404      404      404      404
mfa_generate_recovery_codes          -              GET     sign-in  sign-in  >account_reauthenticate " " "      "
mfa_generate_recovery_codes          -              POST    sign-in  sign-in  >account_reauthenticate " " "      "
mfa_download_recovery_codes          -              GET     sign-in  sign-in  404      404      404      404      404

api-docs                             -              GET     200      200      200      200      200      200      200
api-schema                           -              GET     200      200      200      200      200      200      200
api:me                               -              GET     401      200      200      200      200      200      200
api:releases                         -              GET     200      200      200      200      200      200      200
api:release                          a-digest       GET     200      200      200      200      200      200      200
api:release                          hidden-digest  GET     404      404      404      404      404      404      404
api:release                          training-digest GET    404      404      404      404      404      404      404
api:release-terms                    a-digest       POST    401      403      400      400      400      400      400
api:release-file                     a-digest-shard GET     401      403      403      200      403      403      403
api:release-file                     hidden-digest-shard GET 401     403      404      404      404      404      404
api:clips                            -              GET     401      200      200      200      200      200      200
api:clips                            -              DELETE  401      200      200      200      200      200      200
api:consents                         -              GET     401      200      200      200      200      200      200
api:consent-events                   -              GET     401      200      200      200      200      200      200
api:consent                          training       DELETE  401      204      204      204      204      204      204
api:consent                          no-purpose     DELETE  401      404      404      404      404      404      404
api:receipt                          -              GET     401      200      404      200      200      404      404
api:facts                            -              GET     401      200      200      200      200      200      200
api:facts                            -              PUT     401      403      403      403      403      403      403
api:export                           -              POST    401      200      200      200      200      200      200
api:nothing                          nowhere        GET     404      404      404      404      404      404      404

account_email_verification_sent      -              GET     200      200      200      200      200      200      200
account_confirm_email                bad-key        GET     200      200      200      200      200      200      200
account_change_password              -              GET     sign-in  sign-in  200      200      200      200      200
account_change_password              -              POST    sign-in  sign-in  200      200      200      200      200
account_set_password                 -              GET     sign-in  sign-in  >account_change_password "     "     "     "
account_reset_password               -              GET     200      200      200      200      200      200      200
account_reset_password_done          -              GET     200      200      200      200      200      200      200
account_reset_password_from_key      bad-reset      GET     200      200      200      200      200      200      200
account_reset_password_from_key_done -              GET     200      200      200      200      200      200      200
account_confirm_login_code           -              GET     sign-in  sign-in  >home    >home    >home    >home    >home
"""

# Sent with a POST or as JSON with a PUT where the door asks for something; every other POST is empty.
SENT = {
    "choose-language": {"language": "en"},
    "set_language": {"language": "es"},
    "prompt-report": {"reason": "WRONG"},
    "prompt-offering": {"is_offered": "no", "reason": "wrong words"},
    "api:facts": {"gender": "female"},
    "api:self-report": {"id": "5e1f0000-0000-4000-8000-000000000000", "emotion": "fear"},
    "language-speaker": {"is_native": "yes"},
    "language-listeners": {"ratings_required": "2"},
    "language-state": {"is_active": "no", "reason": "wrong words"},
    "rule": {"threshold": "-70", "consequence": "UNUSABLE", "seen": "1", "reason": "whispers"},
    "invitations": {"email": "new@example.org", "role": "MODERATOR"},
}
# Asked for with a DELETE of everything.
ASKED = {"api:clips": {"confirm": "all"}}


def rows(table: str) -> list[dict[str, str]]:
    """The table's lines as mappings from its head."""
    head, *lines = [line.split() for line in table.strip().splitlines() if line]
    return [dict(zip(head, spelled_out(line), strict=True)) for line in lines]


def spelled_out(line: list[str]) -> list[str]:
    """The line's cells, with what each `"` stands for."""
    cells: list[str] = []
    for cell in line:
        cells.append(cells[-1] if cell == '"' else cell)
    return cells
