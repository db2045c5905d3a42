package boltstore

const mapBytes = 0
