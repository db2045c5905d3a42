package desk

// Before has a restore tell each of its steps before it is taken.
func (r *Restoring) Before(do func(step string)) { r.before = do }
