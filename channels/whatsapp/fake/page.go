package fake

func (s *Server) routePage() {}
