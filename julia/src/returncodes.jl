using SciMLBase: ReturnCode

"How a trajectory ended, in the numbers of `pysciml.engines.base.Status`."
module Status
const SUCCESS, NOT_FINITE, TOO_MANY_STEPS, STEP_TOO_SMALL = Int32(0), Int32(1), Int32(2), Int32(3)
const EVENTS_ACCUMULATE, STOPPED, STIFF = Int32(4), Int32(5), Int32(6)
const INTERRUPTED = Int32(7)
end

"""
    status_of(code, finite)

The status of a trajectory whose solver gave up with `code`; `finite` tells whether its last attempt
was a finite number.
"""
function status_of(code::ReturnCode.T, finite::Bool)
    code == ReturnCode.MaxIters && return Status.TOO_MANY_STEPS
    return finite && code != ReturnCode.DtNaN ? Status.STEP_TOO_SMALL : Status.NOT_FINITE
end
