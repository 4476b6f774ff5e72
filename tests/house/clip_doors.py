"""The doors of a clip, and who passes them; read as those of the site are, in `tests/house/doors.py`."""

# The doors of a clip, for each owner, in each status; `live` is every status but WITHDRAWN and PURGED, `set-aside` are
# those of them that a moderator may decide about, `under-way` the others, `gone` those two, `any` all; commas join them.
CLIP_DOORS = """
door        subject      status     method  anon     gina     otto     vera     milo     mona     cleo

clip-audio  vera's-clip  under-way  GET     >take-part 404      404      200      200      404      200
clip-audio  vera's-clip  set-aside  GET     >take-part 404      404      200      200      200      200
clip-audio  vera's-clip  WITHDRAWN  GET     >take-part 404      404      404      404      404      404
clip-audio  vera's-clip  PURGED     GET     >take-part 404      404      404      404      404      404
clip-audio  milo's-clip  under-way  GET     >take-part 404      404      404      200      404      200
clip-audio  milo's-clip  set-aside  GET     >take-part 404      404      404      200      200      200
clip-audio  milo's-clip  WITHDRAWN  GET     >take-part 404      404      404      404      404      404
clip-audio  milo's-clip  PURGED     GET     >take-part 404      404      404      404      404      404

clip-peaks  vera's-clip  under-way  GET     >take-part 404      404      200      200      404      200
clip-peaks  vera's-clip  set-aside  GET     >take-part 404      404      200      200      200      200
clip-peaks  vera's-clip  WITHDRAWN  GET     >take-part 404      404      404      404      404      404
clip-peaks  vera's-clip  PURGED     GET     >take-part 404      404      404      404      404      404
clip-peaks  milo's-clip  under-way  GET     >take-part 404      404      404      200      404      200
clip-peaks  milo's-clip  set-aside  GET     >take-part 404      404      404      200      200      200
clip-peaks  milo's-clip  WITHDRAWN  GET     >take-part 404      404      404      404      404      404
clip-peaks  milo's-clip  PURGED     GET     >take-part 404      404      404      404      404      404

clip-spectrogram vera's-clip under-way GET  >take-part 404      404      200      200      404      200
clip-spectrogram vera's-clip set-aside GET  >take-part 404      404      200      200      200      200
clip-spectrogram vera's-clip WITHDRAWN GET  >take-part 404      404      404      404      404      404
clip-spectrogram vera's-clip PURGED    GET  >take-part 404      404      404      404      404      404
clip-spectrogram milo's-clip under-way GET  >take-part 404      404      404      200      404      200
clip-spectrogram milo's-clip set-aside GET  >take-part 404      404      404      200      200      200
clip-spectrogram milo's-clip WITHDRAWN GET  >take-part 404      404      404      404      404      404

moderate-clip    vera's-clip under-way GET  sign-in    sign-in  403      403      404      404      404
moderate-clip    vera's-clip set-aside GET  sign-in    sign-in  403      403      200      200      200
moderate-clip    vera's-clip WITHDRAWN GET  sign-in    sign-in  403      403      404      404      404
moderate-clip    vera's-clip PURGED    GET  sign-in    sign-in  403      403      404      404      404
moderate-clip    milo's-clip under-way GET  sign-in    sign-in  403      403      404      404      404
moderate-clip    milo's-clip set-aside GET  sign-in    sign-in  403      403      404      200      200
moderate-clip    milo's-clip WITHDRAWN GET  sign-in    sign-in  403      403      404      404      404
moderate-clip    gina's-clip set-aside GET  sign-in    sign-in  403      403      200      200      200
moderate-clip    gina's-clip WITHDRAWN GET  sign-in    sign-in  403      403      404      404      404

moderate-verdict vera's-clip under-way POST sign-in    sign-in  403      403      409      409      409
moderate-verdict vera's-clip set-aside POST sign-in    sign-in  403      403      422      422      422
moderate-verdict vera's-clip WITHDRAWN POST sign-in    sign-in  403      403      410      410      410
moderate-verdict vera's-clip PURGED    POST sign-in    sign-in  403      403      410      410      410
moderate-verdict milo's-clip under-way POST sign-in    sign-in  403      403      404      409      409
moderate-verdict milo's-clip set-aside POST sign-in    sign-in  403      403      404      422      422
moderate-verdict milo's-clip WITHDRAWN POST sign-in    sign-in  403      403      404      410      410
moderate-verdict gina's-clip set-aside POST sign-in    sign-in  403      403      422      422      422
moderate-verdict gina's-clip PURGED    POST sign-in    sign-in  403      403      410      410      410

moderate-history vera's-clip live      GET  sign-in    sign-in  403      403      200      200      200
moderate-history vera's-clip WITHDRAWN GET  sign-in    sign-in  403      403      404      404      200
moderate-history vera's-clip PURGED    GET  sign-in    sign-in  403      403      404      404      200
moderate-history milo's-clip live      GET  sign-in    sign-in  403      403      404      200      200
moderate-history milo's-clip WITHDRAWN GET  sign-in    sign-in  403      403      404      404      200
moderate-history gina's-clip live      GET  sign-in    sign-in  403      403      200      200      200

clip-reports     vera's-clip live      GET  sign-in    sign-in  403      403      404      404      404
clip-reports     vera's-clip live      POST sign-in    sign-in  403      403      404      404      404
clip-reports     vera's-clip WITHDRAWN POST sign-in    sign-in  403      403      404      404      404

clip-report      vera's-clip live      GET  sign-in    sign-in  404      404      200      200      200
clip-report      vera's-clip live      POST sign-in    sign-in  404      404      422      422      422
clip-report      vera's-clip WITHDRAWN GET  sign-in    sign-in  404      404      404      404      404
clip-report      vera's-clip WITHDRAWN POST sign-in    sign-in  404      404      404      404      404
clip-report      vera's-clip PURGED    POST sign-in    sign-in  404      404      404      404      404
clip-report      milo's-clip live      POST sign-in    sign-in  404      404      404      422      422

gold-item        an-example  ACCEPTED   GET     sign-in    sign-in  403      403      403      403      200
gold-item        an-example  ACCEPTED   POST    sign-in    sign-in  403      403      403      403      422
gold-item        an-example  IN_REVIEW  GET     sign-in    sign-in  403      403      403      403      404
gold-item        an-example  WITHDRAWN  GET     sign-in    sign-in  403      403      403      403      404
gold-item        an-example  WITHDRAWN  POST    sign-in    sign-in  403      403      403      403      404
gold-opening     an-example  ACCEPTED   POST    sign-in    sign-in  403      403      403      403      >gold-item
gold-opening     an-example  WITHDRAWN  POST    sign-in    sign-in  403      403      403      403      404
gold-state       an-example  ACCEPTED   POST    sign-in    sign-in  403      403      403      403      >gold-item
gold-state       an-example  WITHDRAWN  POST    sign-in    sign-in  403      403      403      403      404

withdrawal  vera's-clip  live       POST    >take-part 404      404      >my-clips 404    404      404
withdrawal  vera's-clip  WITHDRAWN  POST    >take-part 404      404      >my-clips 404    404      404
withdrawal  vera's-clip  PURGED     POST    >take-part 404      404      >my-clips 404    404      404
withdrawal  milo's-clip  live       POST    >take-part 404      404      404      >my-clips 404    404
withdrawal  milo's-clip  WITHDRAWN  POST    >take-part 404      404      404      >my-clips 404    404
withdrawal  milo's-clip  PURGED     POST    >take-part 404      404      404      >my-clips 404    404

api:clip    vera's-clip  live       GET     401        404      404      200      404      404      404
api:clip    vera's-clip  WITHDRAWN  GET     401        404      404      200      404      404      404
api:clip    vera's-clip  PURGED     GET     401        404      404      200      404      404      404
api:clip    milo's-clip  live       GET     401        404      404      404      200      404      404
api:clip    milo's-clip  WITHDRAWN  GET     401        404      404      404      200      404      404
api:clip    milo's-clip  PURGED     GET     401        404      404      404      200      404      404

api:clip    vera's-clip  live       PUT     401        409      403      200      409      403      403
api:clip    vera's-clip  WITHDRAWN  PUT     401        409      403      200      409      403      403
api:clip    vera's-clip  PURGED     PUT     401        409      403      200      409      403      403
api:clip    milo's-clip  live       PUT     401        409      403      409      200      403      403
api:clip    milo's-clip  WITHDRAWN  PUT     401        409      403      409      200      403      403
api:clip    milo's-clip  PURGED     PUT     401        409      403      409      200      403      403

clip-audio  gina's-clip  under-way  GET     >take-part 200      404      404      404      404      200
clip-audio  gina's-clip  set-aside  GET     >take-part 200      404      404      200      200      200
clip-audio  gina's-clip  WITHDRAWN  GET     >take-part 404      404      404      404      404      404
clip-audio  gina's-clip  PURGED     GET     >take-part 404      404      404      404      404      404
clip-peaks  gina's-clip  under-way  GET     >take-part 200      404      404      404      404      200
clip-peaks  gina's-clip  set-aside  GET     >take-part 200      404      404      200      200      200
clip-peaks  gina's-clip  WITHDRAWN  GET     >take-part 404      404      404      404      404      404
clip-peaks  gina's-clip  PURGED     GET     >take-part 404      404      404      404      404      404
withdrawal  gina's-clip  live       POST    >take-part >my-clips 404      404      404      404      404
withdrawal  gina's-clip  WITHDRAWN  POST    >take-part >my-clips 404      404      404      404      404
withdrawal  gina's-clip  PURGED     POST    >take-part >my-clips 404      404      404      404      404
api:clip    gina's-clip  live       GET     401        200      404      404      404      404      404
api:clip    gina's-clip  WITHDRAWN  GET     401        200      404      404      404      404      404
api:clip    gina's-clip  PURGED     GET     401        200      404      404      404      404      404
api:clip    gina's-clip  live       PUT     401        200      403      409      409      403      403
api:clip    gina's-clip  WITHDRAWN  PUT     401        200      403      409      409      403      403
api:clip    gina's-clip  PURGED     PUT     401        200      403      409      409      403      403

api:clip        vera's-clip  live       DELETE  401      404      404      204      404      404      404
api:clip        vera's-clip  WITHDRAWN  DELETE  401      404      404      204      404      404      404
api:clip        vera's-clip  PURGED     DELETE  401      404      404      204      404      404      404
api:clip        milo's-clip  live       DELETE  401      404      404      404      204      404      404
api:clip        milo's-clip  WITHDRAWN  DELETE  401      404      404      404      204      404      404
api:clip        milo's-clip  PURGED     DELETE  401      404      404      404      204      404      404
api:clip        gina's-clip  live       DELETE  401      204      404      404      404      404      404
api:clip        gina's-clip  WITHDRAWN  DELETE  401      204      404      404      404      404      404
api:clip        gina's-clip  PURGED     DELETE  401      204      404      404      404      404      404

api:clip-sound  vera's-clip  live       GET     401      404      404      200      404      404      404
api:clip-sound  vera's-clip  WITHDRAWN  GET     401      404      404      404      404      404      404
api:clip-sound  vera's-clip  PURGED     GET     401      404      404      404      404      404      404
api:clip-sound  milo's-clip  live       GET     401      404      404      404      200      404      404
api:clip-sound  milo's-clip  WITHDRAWN  GET     401      404      404      404      404      404      404
api:clip-sound  milo's-clip  PURGED     GET     401      404      404      404      404      404      404
api:clip-sound  gina's-clip  live       GET     401      200      404      404      404      404      404
api:clip-sound  gina's-clip  WITHDRAWN  GET     401      404      404      404      404      404      404
api:clip-sound  gina's-clip  PURGED     GET     401      404      404      404      404      404      404

api:self-report vera's-clip  live       PUT     401     404      404      201      404      404      404
api:self-report vera's-clip  WITHDRAWN  PUT     401     404      404      410      404      404      404
api:self-report vera's-clip  PURGED     PUT     401     404      404      410      404      404      404
api:self-report milo's-clip  live       PUT     401     404      404      404      201      404      404
api:self-report milo's-clip  WITHDRAWN  PUT     401     404      404      404      410      404      404
api:self-report milo's-clip  PURGED     PUT     401     404      404      404      410      404      404
api:self-report gina's-clip  live       PUT     401     201      404      404      404      404      404
api:self-report gina's-clip  WITHDRAWN  PUT     401     410      404      404      404      404      404
api:self-report gina's-clip  PURGED     PUT     401     410      404      404      404      404      404
api:self-report vera's-clip  live       GET     401     404      404      200      404      404      404
api:self-report vera's-clip  WITHDRAWN  GET     401     404      404      404      404      404      404
api:self-report vera's-clip  PURGED     GET     401     404      404      404      404      404      404
api:self-report milo's-clip  live       GET     401     404      404      404      200      404      404
api:self-report milo's-clip  WITHDRAWN  GET     401     404      404      404      404      404      404
api:self-report milo's-clip  PURGED     GET     401     404      404      404      404      404      404
api:self-report gina's-clip  live       GET     401     200      404      404      404      404      404
api:self-report gina's-clip  WITHDRAWN  GET     401     404      404      404      404      404      404
api:self-report gina's-clip  PURGED     GET     401     404      404      404      404      404      404

api:lineage  vera's-clip  live       GET     401        404      404      200      404      404      404
api:lineage  vera's-clip  WITHDRAWN  GET     401        404      404      200      404      404      404
api:lineage  vera's-clip  PURGED     GET     401        404      404      200      404      404      404
api:lineage  milo's-clip  live       GET     401        404      404      404      200      404      404
api:lineage  gina's-clip  live       GET     401        200      404      404      404      404      404

clip-spectrogram milo's-clip PURGED                            GET  >take-part 404      404      404      404      404      404
clip-spectrogram gina's-clip under-way                         GET  >take-part 200      404      404      404      404      200
clip-spectrogram gina's-clip set-aside                         GET  >take-part 200      404      404      200      200      200
clip-spectrogram gina's-clip gone                              GET  >take-part 404      404      404      404      404      404
moderate-clip    milo's-clip PURGED                            GET  sign-in    sign-in  403      403      404      404      404
moderate-clip    gina's-clip under-way,PURGED                  GET  sign-in    sign-in  403      403      404      404      404
moderate-verdict milo's-clip PURGED                            POST sign-in    sign-in  403      403      404      410      410
moderate-verdict gina's-clip under-way                         POST sign-in    sign-in  403      403      409      409      409
moderate-verdict gina's-clip WITHDRAWN                         POST sign-in    sign-in  403      403      410      410      410
moderate-history milo's-clip PURGED                            GET  sign-in    sign-in  403      403      404      404      200
moderate-history gina's-clip gone                              GET  sign-in    sign-in  403      403      404      404      200
clip-reports     vera's-clip gone                              GET  sign-in    sign-in  403      403      404      404      404
clip-reports     milo's-clip any                               GET  sign-in    sign-in  403      403      404      404      404
clip-reports     gina's-clip any                               GET  sign-in    sign-in  403      403      404      404      404
clip-reports     vera's-clip PURGED                            POST sign-in    sign-in  403      403      404      404      404
clip-reports     milo's-clip any                               POST sign-in    sign-in  403      403      404      404      404
clip-reports     gina's-clip any                               POST sign-in    sign-in  403      403      404      404      404
clip-report      vera's-clip PURGED                            GET  sign-in    sign-in  404      404      404      404      404
clip-report      milo's-clip live                              GET  sign-in    sign-in  404      404      404      200      200
clip-report      milo's-clip gone                              GET  sign-in    sign-in  404      404      404      404      404
clip-report      gina's-clip live                              GET  sign-in    sign-in  404      404      200      200      200
clip-report      gina's-clip gone                              GET  sign-in    sign-in  404      404      404      404      404
clip-report      milo's-clip gone                              POST sign-in    sign-in  404      404      404      404      404
clip-report      gina's-clip live                              POST sign-in    sign-in  404      404      422      422      422
clip-report      gina's-clip gone                              POST sign-in    sign-in  404      404      404      404      404
gold-item        an-example  set-aside,STORED,PURGED           GET  sign-in    sign-in  403      403      403      403      404
gold-item        an-example  set-aside,STORED,IN_REVIEW,PURGED POST sign-in    sign-in  403      403      403      403      404
gold-opening     an-example  set-aside,STORED,IN_REVIEW,PURGED POST sign-in    sign-in  403      403      403      403      404
gold-state       an-example  set-aside,STORED,IN_REVIEW,PURGED POST sign-in    sign-in  403      403      403      403      404
api:lineage      milo's-clip gone                              GET  401        404      404      404      200      404      404
api:lineage      gina's-clip gone                              GET  401        200      404      404      404      404      404
"""

# The doors of a run and of a checkpoint in each status; who is refused is refused whatever it is.
STATUS_DOORS = """
door subject status method anon gina otto vera milo mona cleo

run                   a-run   any                         GET  sign-in    sign-in  403      403      403      403      200
run-pause             a-run   any                         POST sign-in    sign-in  403      403      403      403      >run
run-resumption        a-run   any                         POST sign-in    sign-in  403      403      403      403      >run
run-cancellation      a-run   any                         POST sign-in    sign-in  403      403      403      403      >run
run-gate              a-run   any                         GET  sign-in    sign-in  403      403      403      403      404
run-approval          a-run   any                         POST sign-in    sign-in  403      403      403      403      >run
model                 a-model CANDIDATE,SEED              GET  404        404      404      404      404      404      404
model                 a-model CHAMPION,PREVIOUS,RETRACTED GET  200        200      200      200      200      200      200
model-file            a-card  CANDIDATE,RETRACTED,SEED    GET  404        404      404      404      404      404      404
model-file            a-card  CHAMPION,PREVIOUS           GET  200        200      200      200      200      200      200
checkpoint            a-model CANDIDATE,SEED              GET  sign-in    sign-in  403      403      403      403      404
checkpoint            a-model CHAMPION,PREVIOUS,RETRACTED GET  sign-in    sign-in  403      403      403      403      200
checkpoint-crown      a-model CANDIDATE,SEED              GET  sign-in    sign-in  403      403      403      403      404
checkpoint-crown      a-model CHAMPION,PREVIOUS,RETRACTED GET  sign-in    sign-in  403      403      403      403      200
checkpoint-crown      a-model CANDIDATE,SEED              POST sign-in    sign-in  403      403      403      403      404
checkpoint-crown      a-model CHAMPION,PREVIOUS,RETRACTED POST sign-in    sign-in  403      403      403      403      422
checkpoint-retraction a-model CANDIDATE,SEED              GET  sign-in    sign-in  403      403      403      403      404
checkpoint-retraction a-model CHAMPION,PREVIOUS,RETRACTED GET  sign-in    sign-in  403      403      403      403      200
checkpoint-retraction a-model CANDIDATE,SEED              POST sign-in    sign-in  403      403      403      403      404
checkpoint-retraction a-model CHAMPION,PREVIOUS,RETRACTED POST sign-in    sign-in  403      403      403      403      422
"""
