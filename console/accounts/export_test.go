package accounts

// Hashes is how many passwords were hashed so far.
func (a *Accounts) Hashes() int64 { return a.hashes.done.Load() }

// Single functions, for tests.
var (
	StepOf     = stepOf
	SecretHash = secretHash
	Local      = local
	Unfit      = unfit
)
