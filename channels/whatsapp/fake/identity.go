package fake

import "strconv"

// ChangeNumber gives the person another phone number. Webhooks tell of it with a system message.
func (p *Phone) ChangeNumber(number string) string {
	return p.system(func() fields {
		old := p.who.Phone
		delete(p.server.byPhone, old)
		p.who.Phone, p.who.WaID = number, digits(number)
		p.server.index(p.who)
		return fields{"type": "user_changed_number", "wa_id": digits(number),
			"body": "User " + p.who.Name + " changed from " + digits(old) + " to " + digits(number)}
	}, nil)
}

// ChangeUserID gives the person another business-scoped id, as happens with a new phone number. Webhooks tell of
// it with a system message and with the field user_id_update of the account.
func (p *Phone) ChangeUserID(id string) string {
	s := p.server
	var change fields
	message := p.system(func() fields {
		old := p.who.UserID
		delete(s.byUser, old)
		change = fields{"user_id": fields{"previous": old, "current": id}, "timestamp": s.timestamp()}
		if p.who.Phone != "" {
			change["wa_id"] = p.who.WaID
		}
		p.who.UserID = id
		s.index(p.who)
		return fields{"type": "user_changed_user_id", "user_id": id,
			"body": "User " + p.who.Name + " changed from " + old + " to " + id}
	}, nil)
	s.Account("user_id_update", fields{"messaging_product": "whatsapp", "user_id_update": []fields{change}})
	return message
}

// ChangeIdentity gives the person another identity key, as when the SIM card went to another phone.
func (p *Phone) ChangeIdentity(hash string) string {
	s := p.server
	return p.system(func() fields {
		p.who.IdentityHash = hash
		return fields{"type": "customer_identity_changed", "customer": p.who.WaID,
			"body": "The user's identity may have changed"}
	}, func() fields {
		return fields{"acknowledged": false, "created_timestamp": strconv.FormatInt(s.clock.Now().UnixMilli(), 10), "hash": hash}
	})
}

// StopMarketing stops marketing messages, or takes them again.
func (p *Phone) StopMarketing(stopped bool) {
	s := p.server
	value := map[bool]string{true: "stop", false: "resume"}[stopped]
	preference := fields{"category": "marketing_messages", "value": value, "detail": "User requested to " + value + " marketing messages"}
	var card fields
	s.locked(func() {
		card = p.who.card()
		p.who.Stopped = stopped
		preference["timestamp"] = s.timestamp()
		if p.who.Phone != "" {
			preference["wa_id"] = p.who.WaID
		}
		if p.who.UserID != "" {
			preference["user_id"] = p.who.UserID
		}
	})
	s.Account("user_preferences", fields{
		"messaging_product": "whatsapp",
		"metadata":          fields{"display_phone_number": digits(p.number.Display), "phone_number_id": p.number.ID},
		"contacts":          []fields{card}, "user_preferences": []fields{preference},
	})
}

// system sends a message of type system from the person as they were before change. It opens no window.
func (p *Phone) system(change, identity func() fields) string {
	s := p.server
	s.mu.Lock()
	defer s.mu.Unlock()
	u := p.incoming("system", nil, false)
	u.class = systems
	content := u.content.(fields)
	content["system"] = change()
	if identity != nil {
		content["identity"] = identity()
	}
	s.emit(u)
	return word(content, "id")
}
